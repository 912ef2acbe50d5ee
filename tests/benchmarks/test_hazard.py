"""`make hazard`: the score that knows the truth is the one that nothing beats, and a small size goes all the way."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from benchmarks.hazard import ALL, LATELY, MODEL, RULE, TRUTH, measure, render, verdict
from benchmarks.hazard_truth import knowing_score, silent
from playhead.churn.train import evaluate
from playhead.events.simulator import SimulationOptions
from playhead.events.simulator.days import build_world, viewed_days

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAYS, HORIZON = 60, 14
LAST = date(2026, 2, 1)
CUTOFF = LAST - timedelta(days=HORIZON)


def truth(*rows: tuple[str, int, float, float]) -> pd.DataFrame:
    """User, day of January, probability of coming, hazard."""
    told = [(user, date(2026, 1, day), comes, hazard) for user, day, comes, hazard in rows]
    return pd.DataFrame(told, columns=["user_id", "day", "activity_probability", "hazard"])


def asked(**silent_days: int) -> pd.DataFrame:
    return pd.DataFrame({"user_id": silent_days.keys(), "days_since_last_active": silent_days.values()})


def test_silence__worked_by_hand() -> None:
    comes, hazard = np.array([0.5]), np.array([0.2])
    # one day: does not come. two days: does not come, then left, or stays and does not come: 0.5 x (0.2 + 0.8 x 0.5)
    assert silent(comes, hazard, 1) == pytest.approx(0.5)
    assert silent(comes, hazard, 2) == pytest.approx(0.5 * (0.2 + 0.8 * 0.5))


def test_score__of_who_was_active_today() -> None:
    found = knowing_score(truth(("u", 5, 0.5, 0.2)), asked(u=0), date(2026, 1, 5), 1)
    # left tonight, or stays and does not come: 0.2 + 0.8 x 0.5
    assert found == pytest.approx([0.6])


def test_score__of_who_was_silent_for_a_day_weighs_whether_they_left() -> None:
    known = truth(("u", 4, 0.5, 0.2), ("u", 5, 0.5, 0.2))
    # on the evening of the 4th 0.2 left; of the rest half do not come on the 5th: present 0.4 / (0.4 + 0.2) = 2/3, tonight x 0.8
    present = 2 / 3 * 0.8
    assert knowing_score(known, asked(u=1), date(2026, 1, 5), 1) == pytest.approx([1 - present + present * 0.5])


def test_score__of_who_left_is_not_told_that_they_did() -> None:
    stayed = truth(("u", 4, 0.5, 0.2), ("u", 5, 0.5, 0.2))
    left = truth(("u", 4, 0.5, 0.2))  # absent on the 5th: the truth has no row, and the last one known goes on
    assert knowing_score(left, asked(u=1), date(2026, 1, 5), 7) == pytest.approx(knowing_score(stayed, asked(u=1), date(2026, 1, 5), 7))


@pytest.fixture(scope="module")
def simulated() -> tuple[pd.DataFrame, pd.DataFrame]:
    """What 3,000 simulated viewers truly did: the truth, and of everyone seen lately whether they came back."""
    world = build_world(SimulationOptions(users=3000, titles=50, days=DAYS), LAST)
    known = pd.concat([viewed.truth.to_pandas() for viewed in viewed_days(world)])
    active = known[known["sessions"] > 0]
    before = active[active["day"] <= CUTOFF].groupby("user_id")["day"].max()
    back = set(active.loc[active["day"] > CUTOFF, "user_id"])
    users = pd.DataFrame({"user_id": before.index, "days_since_last_active": [(CUTOFF - day).days for day in before]})
    users = users.assign(churned=[user not in back for user in users["user_id"]])
    return known, users[users["days_since_last_active"] < HORIZON]


def test_score__is_calibrated_and_ranks_better_than_what_knows_less(simulated) -> None:
    known, users = simulated
    labels = users["churned"].to_numpy(dtype="float64")
    found = evaluate(labels, knowing_score(known, users, CUTOFF, HORIZON))
    absence = evaluate(labels, users["days_since_last_active"].to_numpy() / HORIZON)

    assert found.calibration_error < 0.01  # the law is the simulator's
    assert found.roc_auc > absence.roc_auc + 0.02


def test_score__with_another_law_is_not_calibrated(simulated) -> None:
    known, users = simulated
    labels = users["churned"].to_numpy(dtype="float64")
    wrong = known.assign(hazard=known["hazard"] / 4)

    assert evaluate(labels, knowing_score(wrong, users, CUTOFF, HORIZON)).calibration_error > 0.02


@pytest.mark.parametrize(
    ("model", "met"), [(0.965, True), (0.955, False), (0.855, False)], ids=["near the truth", "too far behind", "hardly ahead of the rule"]
)
def test_verdict__near_the_truth_and_ahead_of_the_rule(model: float, met: bool) -> None:
    found = verdict({MODEL: {"roc_auc": model}, TRUTH: {"roc_auc": 0.98}, RULE: {"roc_auc": 0.84}})

    assert found["met"] is met
    assert found["behind_truth"] == pytest.approx(0.98 - model)
    assert found["ahead_of_rule"] == pytest.approx(model - 0.84)


@pytest.mark.slow
@pytest.mark.spark
def test_hazard__a_small_size_goes_all_the_way(spark: SparkSession, tmp_path: Path) -> None:
    told: list[str] = []
    found = measure(spark, tmp_path, SimulationOptions(users=400, titles=30, days=24), 3, told.append)

    everyone, lately = found["groups"][ALL], found["groups"][LATELY]
    assert everyone["users"] > lately["users"] > 50
    assert everyone["judged"][TRUTH]["roc_auc"] > everyone["judged"][RULE]["roc_auc"]
    assert everyone["judged"][TRUTH]["roc_auc"] > everyone["judged"][MODEL]["roc_auc"] > 0.5
    assert len([line for line in told if "landing and building" in line]) == 3  # of 8 days each
    assert f"{found['events']:,} records" in render(found)
