"""Two runs at once: most of a fault is waiting, for starts, scrapes and what is late, and another one's work fills the gaps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AT_ONCE = 2


def at_once(run: Callable[[Item], Result], items: Sequence[Item], *, one_by_one: Sequence[Item]) -> Iterator[Result]:
    """The result of each item, as they come. Those `one_by_one` share what one of them hurts, so of them no two are under way.

    After an error what is under way is finished, and nothing else is begun.
    """
    sharing, others = deque(one_by_one), deque(items)
    under_way: dict[Future[Result], bool] = {}  # with whether it is one of those that share
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while sharing or others or under_way:
            while len(under_way) < _AT_ONCE and (next_of := others if any(under_way.values()) else sharing or others):
                under_way[pool.submit(run, next_of.popleft())] = next_of is sharing
            ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for result in ended:
                del under_way[result]
                yield result.result()
