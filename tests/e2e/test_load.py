"""A minute of load on the whole stack, with a spike and a kill within: it recovers, and loses nothing. The last file, for it lands much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.paced_events import TEMPLATES
from benchmarks.preload import simulated_records
from load_test.page import summarise
from load_test.scenario import Load, put_under_load

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_a_loaded_stack_recovers_and_loses_nothing(demo: Any, tmp_path: Path) -> None:
    records = simulated_records(tmp_path, TEMPLATES, is_valid=True)
    # No more than any machine keeps up with: what one can do at most is for `make soak` to say.
    load = Load(seconds=60, step_s=4, first_rate=500, most_rate=1_000)
    summary = summarise(put_under_load(demo.settings, records, load, print))
    print(summary)
    assert summary["met"], summary
