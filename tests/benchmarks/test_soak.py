"""What the bench `soak` makes of the app's log, and when it refuses its figures."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.soak import batch_times, difference

FOUND = {"acked": 9, "lost": 0, "doubled": 0, "unsent": 0, "rejected": 0, "lake_rows": (9, 5), "merged_rows": (9, 5)}


def test_the_last_batches_are_held_against_early_ones() -> None:
    # Of 60, two make a thirtieth: batches 2 and 3 are early ones, 58 and 59 the last; what comes after them is not asked for.
    times = [900, 900, 100, 300, *[50] * 54, 240, 260, 7_000]
    log = "".join(f"INFO x query=ingest batch={n} rows=5 ms={ms}\nINFO x query=other batch=1 rows=5 ms=1\n" for n, ms in enumerate(times))
    assert batch_times(log, 60) == {"early_ms": 200, "late_ms": 250, "growth": 1.25}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        pytest.param({"lost": 1}, "the books of 9 events do not balance: {'lost': 1}", id="lost"),
        pytest.param({"doubled": 1}, "the books", id="doubled"),
        pytest.param({"unsent": 1}, "the books", id="unsent"),
        pytest.param({"rejected": 1}, "the books", id="rejected"),
        pytest.param({"acked": 0}, "the books of 0 events", id="nothing happened"),
        pytest.param({"merged_rows": (9, 6)}, "merging changed rows", id="another value"),
    ],
)
def test_wrong_books_and_changed_rows_are_told(wrong: dict[str, Any], told: str) -> None:
    assert difference({"ours": FOUND}, 60) is None
    assert (difference({"ours": FOUND | wrong}, 60) or "").startswith(told)
