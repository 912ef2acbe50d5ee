"""The truth about leaving: rare enough to be real, strong enough to be learned, and moved by quality."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from playhead.events.simulator.audience import end_day, first_audience, motivation
from playhead.events.simulator.days import build_world, viewed_days
from playhead.events.simulator.options import SimulationOptions
from playhead.events.simulator.population import build_population

ANCHOR = date(2026, 11, 23)
OPTIONS = SimulationOptions(users=3000)
HORIZON = timedelta(days=7)


@cache
def truth() -> pd.DataFrame:
    return pa.concat_tables([viewed.truth for viewed in viewed_days(build_world(OPTIONS, ANCHOR))]).to_pandas()


def cut_off(days_before_anchor: int) -> pd.DataFrame:
    """Paid viewers active in the week up to the cut-off, whether they come in the 7 days after it, and what the truth says of them."""
    day = ANCHOR - timedelta(days=days_before_anchor)
    past = truth()[truth()["day"] <= day]
    active = past[past["sessions"] > 0].groupby("user_id")["day"].max().rename("last_active")
    viewers = past.groupby("user_id").last().join(active, how="inner", rsuffix="_seen")
    viewers = viewers[(viewers["last_active"] > day - HORIZON) & (viewers["subscription_tier"] != "free")]
    after = truth()[(truth()["day"] > day) & (truth()["day"] <= day + HORIZON) & (truth()["sessions"] > 0)]
    viewers["churned"] = ~viewers.index.isin(after["user_id"])
    silent = viewers["last_active"].map(lambda last: (day - last).days)
    # P(left at the end of the last active day), against staying and yet being silent since.
    stayed = (1 - viewers["hazard"]) ** (silent + 1) * (1 - viewers["activity_probability"]) ** silent
    viewers["posterior"] = viewers["hazard"] / (viewers["hazard"] + stayed)
    return viewers


def auc(score: pd.Series, label: pd.Series) -> float:
    ranks = score.rank()
    positives = int(label.sum())
    return float((ranks[label].sum() - positives * (positives + 1) / 2) / (positives * (len(label) - positives)))


@pytest.mark.parametrize("days_before_anchor", [7, 14])
def test_churn__base_rate_is_real_and_the_truth_ranks_it(days_before_anchor: int) -> None:
    viewers = cut_off(days_before_anchor)
    assert 0.04 < viewers["churned"].mean() < 0.15
    assert auc(viewers["posterior"], viewers["churned"]) > 0.8
    # A number that has nothing to do with leaving ranks nothing: the measure itself is sound.
    noise = pd.Series(np.random.default_rng(0).random(len(viewers)), index=viewers.index)
    assert auc(noise, viewers["churned"]) == pytest.approx(0.5, abs=0.12)


def test_churn__hazard_alone_ranks_who_leaves_within_a_week() -> None:
    """Pooled over cut-offs: hazard of a present viewer against leaving in the next 7 days."""
    rows = truth()[truth()["subscription_tier"] != "free"]
    leaving_day = truth()[truth()["left"]].set_index("user_id")["day"]
    rows = rows[rows["day"] <= ANCHOR - HORIZON]
    leaves = rows["user_id"].map(leaving_day)
    within = pd.Series(
        [isinstance(at, date) and at <= day + HORIZON for at, day in zip(leaves, rows["day"], strict=True)], index=rows.index
    )
    assert auc(rows["hazard"], within) > 0.72


def test_churn__who_left_never_comes_back() -> None:
    left = truth()[truth()["left"]]
    assert not left["user_id"].duplicated().any()
    after = truth().merge(left[["user_id", "day"]], on="user_id", suffixes=("", "_left"))
    assert not (after["day"] > after["day_left"]).any()


def test_churn__hazards_are_realised() -> None:
    # 35 days x 3,000 viewers: as many leave as the hazards add up to, within sampling error (sd of about 30 around 900)
    assert truth()["left"].sum() == pytest.approx(truth()["hazard"].sum(), rel=0.12)


def test_motivation__a_bad_day_raises_the_hazard_and_a_good_one_lowers_it() -> None:
    population = build_population(OPTIONS, 8, ANCHOR)
    hazards = {}
    for badness in (0.0, 6.0, np.nan):
        audience = first_audience(population, np.random.default_rng(1))
        audience.present[:] = True
        hazards[badness] = end_day(audience, population, np.full(population.count, badness), np.random.default_rng(2)).mean()
    unmoved = hazards[np.nan]
    assert hazards[6.0] > 1.5 * unmoved
    assert hazards[0.0] < unmoved


def test_motivation__engaged_viewers_are_more_motivated() -> None:
    population = build_population(OPTIONS, 8, ANCHOR)
    level = motivation(first_audience(population, np.random.default_rng(1)), population)
    assert level[population.engagement > 0.4].mean() > level[population.engagement < 0.2].mean() + 0.5
