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
    summary = summarise(put_under_load(demo.settings, records, Load(seconds=60, step_s=4), print))
    print(summary)
    assert summary["met"], summary
