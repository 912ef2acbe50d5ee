"""The contest's measures worked by hand, and who ships."""

from __future__ import annotations

from math import log2

import numpy as np
import pandas as pd
import pytest

from playhead.recommendations.contest import Judgement, decide, judge_batch
from playhead.recommendations.rank import PopularTitles

# Titles 0, 1, 2 … in this order for everyone.
IN_ORDER = PopularTitles("popularity", np.arange(20.0, 0.0, -1.0))


def judged(history: list[int], new: list[int], count: int | None = None) -> tuple[float, float]:
    batch = pd.DataFrame({"title_indexes": [np.array(history)], "plays": [np.ones(len(history))], "new_indexes": [np.array(new)]})
    (row,) = judge_batch(batch.assign(new_count=count or len(new)), [IN_ORDER], 20).itertuples()
    assert row.ranked_by == "popularity"
    return row.ndcg, row.recall


def test_ndcg_and_recall_by_hand():
    # seen 0; so told 1 to 10: 1 is first, 4 is fourth, 15 is not told
    ndcg, recall = judged([0], [1, 4, 15])
    best = 1 / log2(2) + 1 / log2(3) + 1 / log2(4)
    assert ndcg == pytest.approx((1 / log2(2) + 1 / log2(5)) / best)
    assert recall == pytest.approx(2 / 3)


def test_a_perfect_list_is_1_even_where_there_is_more_to_like_than_it_holds():
    assert judged([0], list(range(1, 13)))[0] == pytest.approx(1.0)
    assert judged([0], list(range(1, 13)))[1] == pytest.approx(10 / 12)


def test_a_new_title_that_the_catalogue_did_not_have_is_a_miss():
    ndcg, recall = judged([0], [1], count=2)
    assert recall == pytest.approx(1 / 2)
    assert ndcg == pytest.approx(1 / (1 + 1 / log2(3)))
    assert judged([0], [], count=1) == (0.0, 0.0)


def of(ndcg: float, recall: float = 0.2, viewers: int = 100) -> Judgement:
    return Judgement(viewers, ndcg, recall, 0.5)


@pytest.mark.parametrize(
    ("model", "popular", "recent", "ships", "why"),
    [
        (of(0.3, 0.3), of(0.2), of(0.1), "als", "beats both"),
        (of(0.2, 0.3), of(0.2), of(0.1), "popularity", "does not beat popularity,"),
        (of(0.3, 0.3), of(0.2), of(0.31), "recency", "does not beat recency,"),
        (of(0.3, 0.2), of(0.2), of(0.1), "popularity", "does not beat popularity and recency,"),
        (of(0.1, 0.1), of(0.2), of(0.2), "popularity", "does not beat popularity and recency,"),
        (of(0.3, 0.3, 49), of(0.2, 0.2, 49), of(0.1, 0.2, 49), "popularity", "49 viewers could be judged, at least 50"),
    ],
)
def test_the_model_ships_only_if_it_beats_both_by_both(model, popular, recent, ships, why):
    verdict = decide({"als": model, "popularity": popular, "recency": recent})
    assert verdict.ships == ships
    assert why in verdict.reason


def test_without_a_contest_popular_titles_ship():
    assert decide({}).ships == "popularity"
