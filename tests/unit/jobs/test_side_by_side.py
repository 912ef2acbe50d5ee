"""Tables side by side: results stay in order, and an error is not lost."""

from __future__ import annotations

import threading

import pytest

from playhead.jobs.side_by_side import side_by_side


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
