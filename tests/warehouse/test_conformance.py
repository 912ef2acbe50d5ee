"""The product's ratios conform: V_PLATFORM_QUALITY over the sums of all cases, which tests/spark/test_conformance.py has Spark make."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection

from playhead.io.snowflake import execute, fetch_rows, warehouse_connection
from playhead.settings import Settings
from playhead.warehouse.schema import ensure_objects, view_statement

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))
sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
from quality_view import ratios_of

from conformance import disagreements, load_cases, write_events
from oracle import oracle_gold

CASES = {case.name: case for case in load_cases() if case.ratios}


@pytest.fixture(scope="module")
def loaded(server: Settings, make_facts: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnowflakeConnection]:
    """A warehouse that holds gold.qoe_hourly of all cases; each case is a player."""
    home = tmp_path_factory.mktemp("conformance")
    gold = oracle_gold([write_events(home / "video_events.jsonl")], date(2026, 11, 25))
    with closing(warehouse_connection(server.model_copy(update={"warehouse_database": "TEST_CONFORMANCE"}))) as connection:
        ensure_objects(connection)
        make_facts(connection, home / "facts").put("gold.qoe_hourly", *gold["gold.qoe_hourly"])
        yield connection


def _ratios(connection: SnowflakeConnection) -> dict[str, dict[str, Any]]:
    return {row["PLAYER"]: ratios_of(row) for row in fetch_rows(connection, "SELECT * FROM BI.V_PLATFORM_QUALITY")}


@pytest.fixture(scope="module")
def told(loaded: SnowflakeConnection) -> dict[str, dict[str, Any]]:
    return _ratios(loaded)


@pytest.mark.parametrize("name", CASES)
def test_ratios_conform(told: dict[str, dict[str, Any]], name: str) -> None:
    assert disagreements(told[name], CASES[name].ratios) == {}


def test_a_view_told_wrong_is_seen(loaded: SnowflakeConnection) -> None:
    """Negative control: playback failures as a share of all plays that ended, also of those that never began."""
    statement, right = view_statement("v_platform_quality"), "NULLIF(S.ENDED_AFTER_START, 0)"
    assert right in statement
    execute(loaded, statement.replace(right, "NULLIF(S.ENDED, 0)"))
    try:
        wrong = _ratios(loaded)["shares_of_attempts_and_of_ended_plays"]
    finally:
        execute(loaded, statement)
    # broken is 1 of the 4 whose end was seen, where it is 1 of the 2 that started
    assert disagreements(wrong, {"vpf_pct": 50, "vsf_pct": 20}) == {"vpf_pct": (25, 50)}
