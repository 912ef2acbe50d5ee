"""Minute by minute: one event in 100,000 that is lost, doubled or altered is named, with its minute, also where counts agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from playhead.cli import app
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.events.ledger import Ledger
from playhead.quality.reconcile import BRONZE, Difference, content_columns, reconcile
from playhead.settings import get_settings

HOUR = datetime(2026, 1, 31, 5, tzinfo=UTC)
EVENTS = 100_000
SCHEMAS = {name: arrow_schema(load_contract(name)) for name in (BRONZE, "silver.interactions", "ops.build_log", "ops.id_conflicts")}


class Lake:
    """A lake of 100,000 likes, 28 a second for an hour: what bronze holds, and what silver does."""

    def __init__(self, root: Path) -> None:
        self.root, self.lake, self.ledger = root, root / "lake", root / "ledger"
        numbers = np.arange(EVENTS)
        at = pa.array([HOUR + timedelta(milliseconds=36 * int(n)) for n in numbers], pa.timestamp("us", "UTC"))
        same = {"family": "interaction", "event_type": "user_like", "event_hour": HOUR, "topic": "user_interactions", "partition": 0}
        columns = {name: pa.repeat(pa.scalar(value), EVENTS) for name, value in same.items()}
        columns |= {"event_id": pa.array([f"e{n}" for n in numbers]), "user_id": pa.array([f"u{n % 97}" for n in numbers])}
        columns |= {"event_timestamp": at, "kafka_timestamp": at, "offset": pa.array(numbers), "producer_sequence": pa.array(numbers)}
        columns |= {"producer_id": pa.repeat(pa.scalar("p"), EVENTS), "landed_at": at, "is_late": pa.repeat(pa.scalar(False), EVENTS)}
        self.events = pa.table(columns)

    def write(self, table: str, rows: pa.Table) -> None:
        schema = SCHEMAS[table]
        whole = [rows[f.name].cast(f.type) if f.name in rows.column_names else pa.nulls(rows.num_rows, f.type) for f in schema]
        write_deltalake(str(self.lake / table.replace(".", "/")), pa.Table.from_arrays(whole, schema=schema), mode="append")

    def write_all(self, *, bronze: pa.Table | None = None, silver: pa.Table | None = None) -> None:
        self.write(BRONZE, self.events if bronze is None else bronze)
        self.write("silver.interactions", self.events if silver is None else silver)
        self.write("ops.build_log", pa.table({"run_kind": ["pull"], "bronze_version": [0], "finished_at": [HOUR], "pending_hours": [[]]}))

    def acknowledge(self, count: int) -> None:
        ledger = Ledger(self.ledger, "p")
        numbers = list(range(count))
        columns = {"sequence": numbers, "event_id": [f"e{n}" for n in numbers], "topic": ["t"] * count, "digest": ["d"] * count}
        ledger.record_sent(pa.table(columns))
        ledger.record_acked(pa.array(numbers, pa.int64()))
        ledger.close()

    def differences(self) -> list[Difference]:
        return list(reconcile(str(self.lake), self.ledger).differences)

    def without(self, *numbers: int) -> pa.Table:
        return self.events.take(np.setdiff1d(np.arange(EVENTS), numbers))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def minute_of(number: int) -> datetime:
    return HOUR + timedelta(minutes=number * 36 // 60_000)


def told(difference: Difference) -> dict[str, Any]:
    return {name: value for name, value in difference.to_dict().items() if value and name not in {"minute", "table"}}


def test_reconcile__equal_tables_in_any_order(lake: Lake) -> None:
    lake.write_all(silver=lake.events.take(np.random.default_rng(1).permutation(EVENTS)))
    found = reconcile(str(lake.lake), lake.ledger)
    assert (found.minutes, found.events, found.differences) == (60, EVENTS, ())


def test_reconcile__a_lake_that_is_an_address_is_read_through_its_file_system(lake: Lake) -> None:
    lake.write_all(silver=lake.without(70_001))
    found = reconcile(lake.lake.as_uri(), lake.ledger)
    assert (found.events, [each.ids for each in found.differences]) == (EVENTS, [("missing e70001",)])


def test_reconcile__one_lost(lake: Lake) -> None:
    lake.write_all(silver=lake.without(70_001))
    (difference,) = lake.differences()
    assert (difference.table, difference.minute) == ("silver.interactions", minute_of(70_001))
    assert told(difference) == {"expected": 1667, "found": 1666, "missing": 1, "ids": ["missing e70001"]}


def test_reconcile__one_doubled(lake: Lake) -> None:
    lake.write_all(silver=pa.concat_tables([lake.events, lake.events.slice(42, 1)]))
    (difference,) = lake.differences()
    assert told(difference) == {"expected": 1667, "found": 1668, "repeated": 1, "ids": ["repeated e42"]}


def test_reconcile__a_loss_that_a_double_hides(lake: Lake) -> None:
    lake.write_all(silver=pa.concat_tables([lake.without(43), lake.events.slice(42, 1)]))
    (difference,) = lake.differences()
    assert told(difference) == {"expected": 1667, "found": 1667, "missing": 1, "repeated": 1, "ids": ["missing e43", "repeated e42"]}


def test_reconcile__one_altered(lake: Lake) -> None:
    users = lake.events["user_id"].to_pylist()
    users[99_999] = "someone else"
    lake.write_all(silver=lake.events.set_column(lake.events.schema.get_field_index("user_id"), "user_id", pa.array(users)))
    (difference,) = lake.differences()
    assert difference.minute == minute_of(99_999)
    assert told(difference) == {"expected": 1666, "found": 1666, "altered": 1, "ids": ["altered e99999"]}


def test_reconcile__one_invented(lake: Lake) -> None:
    lake.write_all(bronze=lake.without(7))
    (difference,) = lake.differences()
    assert told(difference) == {"expected": 1666, "found": 1667, "unexpected": 1, "ids": ["unexpected e7"]}


def test_reconcile__the_first_arrival_counts_and_conflicts_do_not(lake: Lake) -> None:
    again = lake.events.slice(5, 2)
    later = [EVENTS, EVENTS + 1]
    names = again.schema.get_field_index
    again = again.set_column(names("offset"), "offset", pa.array(later)).set_column(names("user_id"), "user_id", pa.array(["x", "y"]))
    lake.write_all(bronze=pa.concat_tables([lake.events, again]), silver=lake.without(9))
    lake.write("ops.id_conflicts", pa.table({"event_id": ["e9"], "event_hour": [HOUR], "conflict": ["other_hour"]}))
    assert lake.differences() == []


def test_reconcile__an_acknowledged_record_that_never_landed_is_named_by_its_ledger(lake: Lake) -> None:
    lake.write_all(bronze=lake.without(11), silver=lake.without(11))
    lake.acknowledge(EVENTS)
    (difference,) = lake.differences()
    assert (difference.table, difference.minute) == (BRONZE, None)
    assert told(difference) == {"expected": 1, "missing": 1, "ids": ["missing e11"]}


def test_reconcile__a_record_that_landed_twice_or_was_never_sent(lake: Lake) -> None:
    lake.write_all(bronze=pa.concat_tables([lake.events, lake.events.slice(3, 1)]))
    lake.acknowledge(EVENTS - 1)
    twice, unsent = lake.differences()
    assert (twice.minute, twice.ids) == (minute_of(3), ("repeated e3",))
    assert (unsent.minute, unsent.ids) == (minute_of(99_999), ("unexpected e99999",))


def test_reconcile__every_silver_column_that_bronze_has_is_compared() -> None:
    assert {"event_timestamp", "user_id", "content_id", "session_id"} <= set(content_columns("silver.interactions"))
    assert "content_id" not in content_columns("silver.video_events"), "silver takes the video's id for it"


@pytest.fixture
def configured(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(lake.root))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("configured")
def test_command__names_what_differs_and_fails(lake: Lake) -> None:
    lake.write_all(silver=lake.without(1))
    done = CliRunner().invoke(app, ["reconcile", "--all", "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["differences"][0]["ids"] == ["missing e1"]


@pytest.mark.usefixtures("configured")
def test_command__says_that_nothing_differs(lake: Lake) -> None:
    lake.write_all()
    done = CliRunner().invoke(app, ["reconcile", "--all"])
    assert done.exit_code == 0
    assert "100,000 events of 60 minutes in all compared: 0 minutes differ" in done.stdout
