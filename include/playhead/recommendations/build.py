"""gold.recommendations: for every viewer with a history the titles to watch next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from playhead.contracts.conform import conform
from playhead.contracts.model import load_contract
from playhead.recommendations.rank import NO_TITLE, Ranker, Ranking, rank_viewers

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from pyspark.sql import DataFrame

TABLE = "gold.recommendations"
_RANKED_SCHEMA = "viewer_id string, recommendation_rank bigint, title_index bigint, recommendation_score double, because_index bigint"


def build_recommendations(histories: DataFrame, titles: DataFrame, ranker: Ranker, titles_count: int, score_date: date) -> DataFrame:
    """The best titles for every viewer, by one ranking.

    Grain: one row per score date, viewer and rank. Workers rank, a batch of viewers at a time; the catalogue has to fit one of them,
    viewers need not. The same histories and ranking give the same rows.

    Args:
        histories: as build_histories makes them.
        titles: title_index and content_id of the catalogue.
        ranker: the ranking that ships.
        titles_count: how many titles there are.
        score_date: the last day of the histories.
    """

    def each(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            if len(batch):
                yield recommend_batch(batch, ranker, titles_count)

    ranked = histories.mapInPandas(each, _RANKED_SCHEMA)
    because = titles.select(F.col("title_index").alias("because_index"), F.col("content_id").alias("because_content_id"))
    named = ranked.join(F.broadcast(titles), "title_index").join(F.broadcast(because), "because_index", "left")
    dated = named.drop("title_index", "because_index").withColumns({"score_date": F.lit(score_date), "ranked_by": F.lit(ranker.name)})
    return conform(dated, load_contract(TABLE))


def recommend_batch(batch: pd.DataFrame, ranker: Ranker, titles_count: int) -> pd.DataFrame:
    """The lists of a batch of viewers, one row per title; a list is shorter where fewer titles are left."""
    ranking = rank_viewers(ranker, batch["title_indexes"], batch["plays"], titles_count)
    return _as_rows(batch["viewer_id"].to_numpy(), ranking)


def _as_rows(viewers: np.ndarray[Any, Any], ranking: Ranking) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    count, length = ranking.titles.shape
    rows = pd.DataFrame(
        {
            "viewer_id": np.repeat(viewers, length),
            "recommendation_rank": np.tile(np.arange(1, length + 1), count),
            "title_index": ranking.titles.ravel(),
            "recommendation_score": ranking.scores.ravel(),
            "because_index": ranking.because.ravel(),
        }
    )
    return rows[rows["title_index"] != NO_TITLE]
