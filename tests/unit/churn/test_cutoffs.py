"""Cut-offs worked by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from playhead.churn.cutoffs import plan_cutoffs

FIRST = date(2026, 1, 1)


def test_cutoffs__thirty_five_days_and_a_horizon_of_seven():
    plan = plan_cutoffs(FIRST, date(2026, 2, 4), horizon_days=7)  # day 35

    assert plan.score == date(2026, 2, 4)
    assert plan.held_out == date(2026, 1, 28)  # 7 days before: its label is fully observed
    # no later than 7 days before the held-out cut-off, no earlier than the 14th day
    assert plan.training == tuple(date(2026, 1, day) for day in (15, 17, 19, 21))


@pytest.mark.parametrize("horizon", [1, 7, 14, 30])
@pytest.mark.parametrize("days", [28, 35, 90, 400])
def test_cutoffs__no_label_reaches_past_what_may_be_known(days, horizon):
    as_of = FIRST + timedelta(days=days - 1)
    plan = plan_cutoffs(FIRST, as_of, horizon)

    for cutoff in plan.training:
        assert plan.held_out is not None
        assert cutoff + timedelta(days=horizon) <= plan.held_out
        assert cutoff - timedelta(days=13) >= FIRST
    assert len(plan.training) <= 8
    assert plan.held_out is None or plan.held_out + timedelta(days=horizon) <= as_of


def test_cutoffs__shortest_history_that_can_train():
    # 14 days of features + 7 to the held-out cut-off + 7 of its label = 28 days
    assert plan_cutoffs(FIRST, FIRST + timedelta(days=27), 7).training == (date(2026, 1, 14),)
    assert plan_cutoffs(FIRST, FIRST + timedelta(days=26), 7).training == ()
