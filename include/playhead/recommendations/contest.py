"""The contest: the model and two baselines recommend from the days before, and are judged by what viewers began to like afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from playhead.recommendations.rank import LIST_LENGTH, NO_TITLE, Ranker, rank_viewers

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from pyspark.sql import DataFrame

    from playhead.recommendations.rank import Indexes

MODEL, POPULAR, RECENT = "als", "popularity", "recency"
BASELINES = (POPULAR, RECENT)
# A verdict over fewer viewers than this is an accident.
LEAST_JUDGED_VIEWERS = 50
_JUDGED_SCHEMA = "ranked_by string, ndcg double, recall double, titles array<bigint>"


@dataclass(frozen=True, slots=True)
class Judgement:
    """How good one ranking is: means over the judged viewers, and the share of the catalogue that came to be recommended at all."""

    viewers: int
    ndcg: float
    recall: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which ranking ships, and why."""

    ships: str
    reason: str


def judge(histories: DataFrame, held_out: DataFrame, rankers: Sequence[Ranker], titles_count: int) -> dict[str, Judgement]:
    """Judge rankings by what each viewer began to like in the held-out days; workers do it, viewer by viewer.

    NDCG@10 with relevance 0 or 1; recall@10 is the share of the new titles that the list had. Viewers with a history and a new title count.

    Args:
        histories: as build_histories makes them, of the days before.
        held_out: as build_held_out makes it.
        rankers: the rankings in the contest, learnt from the days before.
        titles_count: titles of the catalogue of the days before.
    """

    def each(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            if len(batch):
                yield judge_batch(batch, rankers, titles_count)

    judged = histories.join(held_out, "viewer_id").mapInPandas(each, _JUDGED_SCHEMA).cache()
    try:
        return _summed_up(judged, titles_count)
    finally:
        judged.unpersist()  # the engine outlives this session, and would keep it


def _summed_up(judged: DataFrame, titles_count: int) -> dict[str, Judgement]:
    """The judgement of each ranking, of one row per ranking and viewer."""
    means = judged.groupBy("ranked_by").agg(
        F.count(F.lit(1)).alias("viewers"), F.avg("ndcg").alias("ndcg"), F.avg("recall").alias("recall")
    )
    recommended = judged.select("ranked_by", F.explode("titles").alias("title")).filter(F.col("title") != NO_TITLE)
    covered = {
        row.ranked_by: row.titles for row in recommended.groupBy("ranked_by").agg(F.countDistinct("title").alias("titles")).collect()
    }
    return {
        row.ranked_by: Judgement(row.viewers, row.ndcg, row.recall, covered.get(row.ranked_by, 0) / titles_count) for row in means.collect()
    }


def judge_batch(batch: pd.DataFrame, rankers: Sequence[Ranker], titles_count: int) -> pd.DataFrame:
    """NDCG@10 and recall@10 of every ranking for a batch of viewers, and the lists themselves."""
    import pandas as pd

    parts = []
    for ranker in rankers:
        titles = rank_viewers(ranker, batch["title_indexes"], batch["plays"], titles_count).titles
        hits = _hits(titles, batch["new_indexes"].to_list())
        counts = batch["new_count"].to_numpy()
        told = {"ranked_by": ranker.name, "ndcg": _ndcg(hits, counts), "recall": hits.sum(axis=1) / counts, "titles": titles.tolist()}
        parts.append(pd.DataFrame(told))
    return pd.concat(parts, ignore_index=True)


def decide(judged: Mapping[str, Judgement]) -> Verdict:
    """The model ships if it beats both baselines by NDCG@10 and by recall@10, else the better baseline; of equal ones popular titles."""
    baselines = {name: judged[name] for name in BASELINES if name in judged}
    best = max(baselines, key=lambda name: (baselines[name].ndcg, name == POPULAR), default=POPULAR)
    model = judged.get(MODEL)
    viewers = min((each.viewers for each in judged.values()), default=0)
    if model is None or viewers < LEAST_JUDGED_VIEWERS:
        return Verdict(POPULAR, f"{viewers} viewers could be judged, at least {LEAST_JUDGED_VIEWERS} are needed; popular titles ship")
    lost = [name for name, each in baselines.items() if model.ndcg <= each.ndcg or model.recall <= each.recall]
    if lost:
        return Verdict(best, f"the model does not beat {' and '.join(lost)}, so {best} ships: {_figures(judged)}")
    return Verdict(MODEL, f"the model beats both baselines: {_figures(judged)}")


def _figures(judged: Mapping[str, Judgement]) -> str:
    return "; ".join(f"{name} NDCG@10 {each.ndcg:.4f}, recall@10 {each.recall:.4f}" for name, each in sorted(judged.items()))


def _hits(titles: Indexes, new: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which of the recommended titles each viewer began to like."""
    import numpy as np

    return np.stack([np.isin(row, liked) & (row != NO_TITLE) for row, liked in zip(titles, new, strict=True)])


def _ndcg(hits: np.ndarray[Any, np.dtype[np.bool_]], counts: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Gains by place, against those of the best list there could have been."""
    import numpy as np

    discounts = 1.0 / np.log2(np.arange(2, LIST_LENGTH + 2))
    ideal = np.cumsum(discounts)[np.minimum(counts, LIST_LENGTH) - 1]
    return np.asarray((hits * discounts).sum(axis=1) / ideal)
