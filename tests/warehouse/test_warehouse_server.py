"""The embedded server where it differs from fakesnow's own: refusals, dead clients, growth, a taken port."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from playhead.errors import StackError
from playhead.io.snowflake import execute, fetch_rows, warehouse_connection
from playhead.local.warehouse_server import KEPT_RESULTS, RecentResults, Sessions, serve
from playhead.settings import Settings


def test_refused_statement__is_an_error_at_once(warehouse: Settings, connection: Any) -> None:
    """fakesnow answers an unhandled error with 500, which the connector would send again until its network timeout (120 s)."""
    execute(connection, "CREATE SCHEMA OPS")
    execute(connection, "CREATE TABLE OPS.T (N INTEGER)")
    execute(connection, "INSERT INTO OPS.T VALUES (1)")
    with closing(warehouse_connection(warehouse)) as other:
        other.autocommit(False)
        execute(other, "DELETE FROM OPS.T")
        started = time.monotonic()
        with pytest.raises(ProgrammingError, match="Unhandled exception"):  # both delete the same row
            execute(connection, "DELETE FROM OPS.T")
        assert time.monotonic() - started < 30


def test_values_are_bound_not_pasted(connection: Any) -> None:
    hostile = "'; DROP TABLE GOLD.USER_DAILY; --"
    assert fetch_rows(connection, "SELECT %s AS TOLD", [hostile]) == [{"TOLD": hostile}]


@pytest.mark.parametrize("kind", ["TIMESTAMP_NTZ", "TIMESTAMP_TZ"])
def test_a_time_that_is_null_stays_null(connection: Any, kind: str) -> None:
    """fakesnow alone tells it as 1970-01-01."""
    rows = fetch_rows(connection, f"SELECT T::{kind} AS T FROM (VALUES (1, '2026-11-24 05:00:00.25'), (2, NULL)) AS V (N, T) ORDER BY N")
    assert [row["T"] and row["T"].replace(tzinfo=UTC) for row in rows] == [datetime(2026, 11, 24, 5, 0, 0, 250_000, UTC), None]
    assert fetch_rows(connection, f"SELECT T::{kind} AS T FROM (VALUES (NULL)) AS V (T) WHERE FALSE") == []


class _Session:
    def __init__(self, in_transaction: bool) -> None:
        self._in_transaction = in_transaction
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_sessions__closes_what_was_left_inside_a_transaction() -> None:
    sessions = Sessions(abandoned_after_s=0.05)
    dead, idle, busy = _Session(True), _Session(False), _Session(True)
    sessions["dead"], sessions["idle"] = dead, idle
    time.sleep(0.1)  # longer than abandoned_after_s, far from the 4 h of a session without a transaction
    sessions["busy"] = busy
    assert sessions.get("busy") is busy
    sessions["new"] = _Session(False)
    assert (dead.closed, idle.closed, busy.closed) == (True, False, False)
    assert sessions.get("dead") is None


def test_closed_connection__ends_its_session_and_rolls_back(warehouse: Settings, connection: Any, ask: Any) -> None:
    execute(connection, "CREATE SCHEMA OPS")
    execute(connection, "CREATE TABLE OPS.T (N INTEGER)")
    execute(connection, "INSERT INTO OPS.T VALUES (1)")
    with closing(warehouse_connection(warehouse)) as leaving:
        leaving.autocommit(False)
        execute(leaving, "DELETE FROM OPS.T")
    assert ask("SELECT N FROM OPS.T") == [{"N": 1}]
    assert execute(connection, "DELETE FROM OPS.T") == 1, "no lock is left behind"


def test_recent_results__keeps_the_newest_only() -> None:
    results = RecentResults()
    for number in range(KEPT_RESULTS + 3):
        results[str(number)] = number
    assert len(results) == KEPT_RESULTS
    assert "2" not in results
    assert results[str(KEPT_RESULTS + 2)] == KEPT_RESULTS + 2


def test_serve__taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=f"port {port} of the warehouse is taken"):
            serve(tmp_path, port)


def test_connection__to_nothing_says_what_to_do(tmp_path: Path) -> None:
    from playhead.errors import WarehouseError

    with pytest.raises(WarehouseError, match="start it with `playhead up`"):
        warehouse_connection(Settings(state_dir=tmp_path, port_base=1024))
