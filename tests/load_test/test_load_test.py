"""The parts of `make soak` that need no stack: the sender's pace, when a stack has recovered, and what the verdict is made of."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from load_test.ages import Ages
from load_test.books import Books
from load_test.page import summarise, thinned, write_page
from load_test.scenario import Found, Load, find_capacity, recovered
from load_test.sender import Pace, order
from load_test.watch import Sample

BALANCED = Books(acked=900, lost=0, doubled=0, unsent=0, not_in_silver=0, repeated_in_silver=0, awaiting_build=0)


def _sample(at_s: float, sent: int, backlog: int, memory_gib: float = 8.0) -> Sample:
    return Sample(at_s, sent, backlog, memory_gib)


def _found() -> Found:
    samples = [_sample(second, 100 * second, 50) for second in range(1, 10)]
    return Found(
        capacity_per_s=200.0,
        rate_per_s=100.0,
        seconds=9.0,
        spike_at_s=2.0,
        kill_at_s=4.5,
        after_spike_s=1.0,
        after_kill_s=3.0,
        false_alarms=[],
        alarm_after_s=20.0,
        builds=2,
        builds_failed=0,
        ages=Ages(1.0, 9.0),
        books=BALANCED,
        samples=samples,
    )


def test_as_many_events_are_due_as_the_rate_says(tmp_path: Path) -> None:
    orders = tmp_path / "orders"
    pace = Pace(orders)
    order(orders, 100)
    assert pace.due(10.0) == 0
    assert pace.due(10.5) == 50
    assert pace.due(11.0) == 50


def test_a_new_rate_forgets_what_is_overdue(tmp_path: Path) -> None:
    orders = tmp_path / "orders"
    pace = Pace(orders)
    order(orders, 100)
    pace.due(10.0)
    order(orders, 10)
    assert pace.due(20.0) == 0
    assert pace.due(21.0) == 10


def test_no_more_are_sent_at_once_than_a_call_may_take(tmp_path: Path) -> None:
    orders = tmp_path / "orders"
    pace = Pace(orders)
    order(orders, 1_000_000)
    pace.due(10.0)
    assert pace.due(20.0) == 5_000


def test_an_ended_order_ends_the_sender(tmp_path: Path) -> None:
    order(tmp_path / "orders", None)
    assert Pace(tmp_path / "orders").due(1.0) is None


class _Stack:
    """Sender and watch of a stack that lands so many records a second and no more; it stumbles once, in the second step."""

    def __init__(self, most: float) -> None:
        self._most = most
        self._rate = 0.0
        self._steps = 0
        self.samples = [_sample(0, 0, 0)]

    def pace(self, rate: float) -> None:
        self._rate = rate

    def after(self, seconds: float) -> Sample:
        self._steps += 1
        last = self.samples[-1]
        sent = last.sent + round(self._rate * seconds)
        landed = min(sent - last.landed, self._most * seconds * (0.5 if self._steps == 2 else 1))
        self.samples.append(_sample(last.at_s + seconds, sent, sent - last.landed - round(landed)))
        return self.samples[-1]


def test_the_capacity_is_what_is_landed_where_more_is_sent() -> None:
    stack: Any = _Stack(most=5_000)
    told: list[str] = []
    assert find_capacity(stack, stack, Load(first_rate=2_000), told.append) == pytest.approx(5_000, rel=0.01)
    assert [words.split()[-2] for words in told] == ["2,000", "3,000", "3,000", "4,500", "6,750", "6,750"]


def test_the_capacity_is_looked_for_no_further_than_is_wanted() -> None:
    stack: Any = _Stack(most=5_000)
    told: list[str] = []
    assert find_capacity(stack, stack, Load(first_rate=2_000, most_rate=4_000), told.append) == pytest.approx(3_000, rel=0.01)
    assert [words.split()[-2] for words in told] == ["2,000", "3,000", "3,000"]


def test_a_stack_has_recovered_when_it_goes_on_and_is_seconds_behind() -> None:
    """At 10 a second, 50 records are five seconds. While the app is dead, nothing lands, however little there is to land."""
    samples = [
        _sample(9, 100, 10),
        _sample(10, 110, 20),  # killed at 10: 90 have landed
        _sample(11, 120, 30),
        _sample(14, 150, 60),
        _sample(20, 210, 90),  # it goes on, but is far behind
        _sample(25, 260, 40),
    ]
    assert recovered(samples, 10.0, 10.0) == 15.0
    assert recovered(samples[:-1], 10.0, 10.0) is None


def test_the_load_is_met_where_nothing_is_wrong() -> None:
    assert summarise(_found())["met"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        replace(_found(), books=replace(BALANCED, lost=1)),
        replace(_found(), books=replace(BALANCED, doubled=1)),
        replace(_found(), books=replace(BALANCED, unsent=1)),
        replace(_found(), books=replace(BALANCED, not_in_silver=1)),
        replace(_found(), books=replace(BALANCED, repeated_in_silver=1)),
        replace(_found(), books=replace(BALANCED, awaiting_build=1)),
        replace(_found(), books=replace(BALANCED, acked=0)),
        replace(_found(), after_spike_s=None),
        replace(_found(), after_spike_s=120.5),
        replace(_found(), ages=Ages(1.0, 60.5)),
        replace(_found(), after_kill_s=None),
        replace(_found(), false_alarms=["BrokerDown"]),
        replace(_found(), alarm_after_s=None),
        replace(_found(), alarm_after_s=60.5),
        replace(_found(), builds_failed=1),
        replace(_found(), samples=[_sample(1, 100, 0, memory_gib=12.1)]),
    ],
)
def test_the_load_is_not_met_where_anything_is_wrong(wrong: Found) -> None:
    assert summarise(wrong)["met"] is False


def test_the_chart_keeps_every_peak() -> None:
    samples = [_sample(second, 0, 7_000 if second == 123 else 10) for second in range(300)]
    points = thinned(samples)
    assert len(points) <= 40
    assert _sample(123, 0, 7_000) in points


def test_the_page_says_what_was_found(tmp_path: Path) -> None:
    write_page(tmp_path / "load.md", _found())
    page = (tmp_path / "load.md").read_text(encoding="utf-8")
    assert "| recovered after kill s | 3.0 |" in page
    assert json.loads((tmp_path / "load.json").read_text(encoding="utf-8"))["summary"] == summarise(_found())


def test_spike_and_kill_lie_within_the_load() -> None:
    load = Load(seconds=60)
    assert 0 < load.spike_at_s < load.spike_at_s + load.spike_s < load.kill_at_s < load.seconds
