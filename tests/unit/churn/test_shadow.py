"""Two models by what came of it: the one in the shadow wins only where it is better beyond chance."""

from __future__ import annotations

import numpy as np
import pytest

from playhead.churn.shadow import judge_shadow

ROWS = 2000


@pytest.fixture(scope="module")
def came() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who left of 500 users on four days each, by a risk of their own; labels, users and that risk."""
    rng = np.random.default_rng(5)
    people = np.repeat(np.arange(ROWS // 4), 4)
    risk = rng.beta(1, 4, ROWS // 4)[people]
    return (rng.uniform(size=ROWS) < risk).astype(float), people, risk


def blurred(risk: np.ndarray, noise: float, seed: int) -> np.ndarray:
    return np.clip(risk + np.random.default_rng(seed).normal(0, noise, len(risk)), 0, 1)


def test_shadow__that_knows_more_wins(came) -> None:
    labels, people, risk = came
    verdict = judge_shadow(labels, people, blurred(risk, 0.4, 1), blurred(risk, 0.05, 2))

    assert verdict.is_better
    assert verdict.challenger > verdict.champion
    assert (verdict.rows, verdict.churned) == (ROWS, labels.sum())
    assert verdict.told.endswith("; better beyond chance")


def test_shadow__that_knows_less_or_the_same_does_not(came) -> None:
    labels, people, risk = came

    assert not judge_shadow(labels, people, blurred(risk, 0.05, 1), blurred(risk, 0.4, 2)).is_better
    assert not judge_shadow(labels, people, risk, risk).is_better


def test_shadow__that_leads_by_chance_does_not(came) -> None:
    labels, people, risk = came
    verdicts = [judge_shadow(labels, people, blurred(risk, 0.1, seed), blurred(risk, 0.1, seed + 50)) for seed in range(8)]

    assert sum(v.challenger > v.champion for v in verdicts) >= 2  # as often as not it leads
    assert sum(v.is_better for v in verdicts) <= 1


def test_shadow__of_too_few_outcomes_is_not_judged(came) -> None:
    labels, people, risk = came
    gone = np.flatnonzero(labels)[:9]
    stayed = np.flatnonzero(labels == 0)[:400]
    few = np.concatenate([gone, stayed])
    verdict = judge_shadow(labels[few], people[few], 1 - risk[few], risk[few])

    assert (verdict.is_better, verdict.champion) == (False, None)
    assert "9 left: too few" in verdict.told
