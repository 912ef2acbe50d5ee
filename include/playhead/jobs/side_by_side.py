"""Several tables at once: a job of one table leaves the engine idle between its queries, and another table's fills the gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_TABLES_AT_ONCE = 2


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do the work for each item, a few at a time; results in the items' order. After an error the work that runs is finished."""
    with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
        return list(pool.map(work, items))
