"""Two runs at once, of those that share something one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from faults.at_once import at_once


class Counted:
    """Runs that are counted while they are under way; each waits for another one where one may be beside it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: list[str] = []
        self.beside: list[tuple[str, ...]] = []
        self._two = threading.Event()

    def run(self, name: str) -> str:
        """Be under way until two are, or for a moment where that does not come."""
        with self._lock:
            self._under_way.append(name)
            self.beside.append(tuple(self._under_way))
            if len(self._under_way) > 1:
                self._two.set()
        self._two.wait(0.2)
        with self._lock:
            self._under_way.remove(name)
        return name


def test_every_result_comes_two_are_under_way_and_of_those_that_share_one() -> None:
    counted = Counted()
    names = ["a", "b", "c", "shares-1", "shares-2", "shares-3"]
    assert sorted(at_once(counted.run, names[:3], one_by_one=names[3:])) == names
    assert max(len(beside) for beside in counted.beside) == 2
    assert not [beside for beside in counted.beside if sum(name.startswith("shares") for name in beside) > 1]


def test_after_an_error_nothing_else_is_begun() -> None:
    begun: list[str] = []

    def run(name: str) -> str:
        begun.append(name)
        if name == "fails":
            raise ValueError(name)
        return name

    results: Iterator[str] = at_once(run, ["fails", "b", "c", "d", "e"], one_by_one=[])
    with pytest.raises(ValueError, match="fails"):
        list(results)
    assert "e" not in begun
