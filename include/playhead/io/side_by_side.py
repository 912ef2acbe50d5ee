"""Several tables at once: a job of one table leaves the engine idle between its queries, and another table's fills the gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_TABLES_AT_ONCE = 2


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do the work for each item, a few at a time; results in the items' order. After an error the work that runs is finished."""
    with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
        return list(pool.map(work, items))


@contextmanager
def under_way(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Iterator[tuple[Item, Result]]]:
    """Starts the same work and lets the caller do its own meanwhile; yields each item with its result, in the order they come."""
    with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
        asked = {pool.submit(work, item): item for item in items}
        yield ((asked[answer], answer.result()) for answer in as_completed(asked))
