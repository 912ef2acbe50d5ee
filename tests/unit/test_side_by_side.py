"""Tables side by side: results stay in order, and an error is not lost."""

from __future__ import annotations

import threading

import pytest

from playhead.io.side_by_side import side_by_side, under_way


def test_side_by_side__two_at_once_in_the_order_asked() -> None:
    both = threading.Barrier(2, timeout=10)

    def work(name: str) -> str:
        both.wait()  # passes only when two are at work
        return name.upper()

    assert side_by_side(work, ["a", "b", "c", "d"]) == ["A", "B", "C", "D"]


def test_side_by_side__an_error_is_raised() -> None:
    def work(number: int) -> float:
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        side_by_side(work, [1, 0, 2])


def test_under_way__the_caller_works_meanwhile_and_takes_results_as_they_come() -> None:
    is_let_go = threading.Event()

    def work(name: str) -> str:
        if name == "slow":
            is_let_go.wait(10)
        return name.upper()

    with under_way(work, ["slow", "quick"]) as results:
        first = next(results)
        is_let_go.set()
        assert [first, *results] == [("quick", "QUICK"), ("slow", "SLOW")]


def test_under_way__an_error_is_raised_where_its_result_is_taken() -> None:
    with pytest.raises(ZeroDivisionError), under_way(lambda number: 1 / number, [0]) as results:
        list(results)
