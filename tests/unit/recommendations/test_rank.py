"""Rankings worked by hand, and the taste of a viewer against its definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from playhead.recommendations import rank
from playhead.recommendations.factors import ALPHA, REGULARISATION
from playhead.recommendations.rank import NO_TITLE, FactorModel, PopularTitles, Ranker, Ranking, rank_viewers

# Titles 0 and 1 are of one kind, 2 and 3 of another, 4 is a little of both.
FACTORS = np.array([[1.0, 0.0], [0.9, 0.0], [0.0, 1.0], [0.0, 0.9], [0.3, 0.3]])
MODEL = FactorModel("als", FACTORS)
POPULAR = PopularTitles("popularity", np.array([5.0, 9.0, 5.0, 1.0, 7.0]))


def ranked(ranker: Ranker, *histories: dict[int, int], titles: int = 5) -> Ranking:
    told = [sorted(each.items()) for each in histories]
    indexes = pd.Series([np.array([title for title, _ in each]) for each in told])
    plays = pd.Series([np.array([count for _, count in each]) for each in told])
    return rank_viewers(ranker, indexes, plays, titles)


def titles_of(ranking: Ranking, viewer: int = 0) -> list[int]:
    return [int(title) for title in ranking.titles[viewer] if title != NO_TITLE]


def test_popular_titles_come_by_viewers_less_what_was_seen():
    found = ranked(POPULAR, {1: 3}, {4: 1, 1: 0})
    assert titles_of(found, 0) == [4, 0, 2, 3], "of equally popular ones the first by index"
    assert titles_of(found, 1) == [0, 2, 3]
    assert found.scores[0, :4].tolist() == [7.0, 5.0, 5.0, 1.0]
    assert set(found.because.ravel()) == {NO_TITLE}


def test_the_model_ranks_by_taste_and_tells_why():
    found = ranked(MODEL, {0: 4, 4: 1}, {2: 4})
    assert titles_of(found, 0)[0] == 1
    assert titles_of(found, 1)[0] == 3
    assert found.because[0, 0] == 0
    assert found.because[1, 0] == 2


def test_a_title_seen_and_not_liked_is_not_told_and_says_nothing_of_taste():
    alone, beside = ranked(MODEL, {0: 4}), ranked(MODEL, {0: 4, 2: 0})
    assert 2 in titles_of(alone)
    assert 2 not in titles_of(beside)
    kept = [title for title in titles_of(alone) if title != 2]
    assert titles_of(beside) == kept
    score = dict(zip(titles_of(alone), alone.scores[0], strict=False))
    assert beside.scores[0, : len(kept)].tolist() == [score[title] for title in kept]


def test_who_likes_nothing_gets_titles_without_a_reason():
    found = ranked(MODEL, {2: 0})
    assert sorted(titles_of(found)) == [0, 1, 3, 4]
    assert set(found.scores.ravel()) == {0.0}
    assert set(found.because.ravel()) == {NO_TITLE}


def test_the_taste_is_that_of_the_definition():
    """min over x of sum of c (p - x'y)^2 + lambda n |x|^2, with c = 1 + alpha r and p = 1 where liked, by gradient: it is 0 there."""
    history = {0: 2, 3: 1}
    found = ranked(MODEL, history)
    plays = np.array([history.get(title, 0) for title in range(5)])
    confidence, liked = 1 + ALPHA * plays, (plays > 0).astype(float)
    weighted = FACTORS.T @ (confidence[:, None] * FACTORS) + REGULARISATION * liked.sum() * np.eye(2)
    taste = np.linalg.inv(weighted) @ (FACTORS.T @ (confidence * liked))
    for title, score in zip(titles_of(found), found.scores[0], strict=False):
        assert score == pytest.approx(FACTORS[title] @ taste, abs=1e-6)


def test_the_parts_of_a_score_add_up_to_it():
    """So the largest part is the reason, and no other."""
    history = {0: 2, 3: 1}
    whole = ranked(MODEL, history)
    gram = FACTORS.T @ FACTORS + sum(ALPHA * r * np.outer(FACTORS[t], FACTORS[t]) for t, r in history.items())
    inverse = np.linalg.inv(gram + REGULARISATION * len(history) * np.eye(2))
    for place, title in enumerate(titles_of(whole)):
        parts = {t: FACTORS[title] @ inverse @ FACTORS[t] * (1 + ALPHA * r) for t, r in history.items()}
        assert sum(parts.values()) == pytest.approx(whole.scores[0, place], abs=1e-6)
        assert whole.because[0, place] == max(parts, key=lambda t: parts[t])


def test_how_viewers_are_batched_changes_nothing(monkeypatch):
    rng = np.random.default_rng(3)
    model = FactorModel("als", rng.normal(size=(30, 4)))
    histories = [{int(t): int(rng.integers(0, 4)) for t in rng.choice(30, rng.integers(1, 12), replace=False)} for _ in range(25)]
    at_once = ranked(model, *histories, titles=30)
    monkeypatch.setattr(rank, "_SCORES_AT_ONCE", 30 * 4)
    in_parts = ranked(model, *histories, titles=30)
    for field in ("titles", "scores", "because"):
        assert np.array_equal(getattr(at_once, field), getattr(in_parts, field)), field


def test_a_list_ends_where_the_catalogue_does():
    found = ranked(MODEL, {0: 1, 1: 1, 2: 1, 3: 1})
    assert found.titles.shape == (1, 10)
    assert titles_of(found) == [4]
