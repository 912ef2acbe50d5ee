"""How benches on a live stream read it: events that happen now, ages of rows, and books that tell what is lost or doubled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from benchmarks.bronze_table import Commit, commits, row_ages
from benchmarks.live_stream import TABLE, LiveStream, difference
from benchmarks.live_table import LiveTable
from benchmarks.paced_events import make_record, send_paced, templates
from benchmarks.peers.python_consumer import bronze_schema, create_bronze
from benchmarks.recover import require_some_left
from playhead.events.ledger import SENT_SCHEMA, Ledger
from playhead.events.producer import Producer, Record
from playhead.events.simulator import ParquetSink, SimulationOptions, run_simulation
from playhead.events.validation import find_faults

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
BALANCED = {"acked": 2, "lost": 0, "doubled": 0, "unsent": 0, "rejected": 0}


def _land(table: Path, rows: list[dict[str, Any]]) -> None:
    if not table.exists():
        create_bronze(table)
    whole = [{"topic": "session_events", "partition": 0, "landed_date": date(2026, 2, 1)} | row for row in rows]
    columns = {f.name: pa.array([row.get(f.name) for row in whole]).cast(f.type) for f in bronze_schema()}
    write_deltalake(table, pa.table(columns, schema=bronze_schema()), mode="append")


def _acknowledge(home: Path, ids: list[str], *, acked: int) -> None:
    ledger = Ledger(home / "ledger", "paced")
    rows = [{"sequence": n, "event_id": event_id, "topic": "session_events", "digest": "d"} for n, event_id in enumerate(ids)]
    ledger.record_sent(pa.Table.from_pylist(rows, schema=SENT_SCHEMA))
    ledger.record_acked(pa.array(range(acked), pa.int64()))
    ledger.close()


@pytest.mark.parametrize(
    ("landed", "unequal"),
    [
        pytest.param(["a", "b"], {}, id="balanced"),
        pytest.param(["a"], {"lost": 1}, id="lost"),
        pytest.param(["a", "b", "b"], {"doubled": 1}, id="doubled"),
        pytest.param(["a", "b", "z"], {"unsent": 1}, id="never sent"),
    ],
)
def test_books_tell_what_is_lost_doubled_or_never_sent(landed: list[str], unequal: dict[str, int], tmp_path: Path) -> None:
    _acknowledge(tmp_path, ["a", "b"], acked=2)
    _land(tmp_path / TABLE, [{"offset": n, "event_id": event_id} for n, event_id in enumerate(landed)])
    books = LiveStream("", tmp_path).books()
    assert books == BALANCED | unequal
    assert (difference({"ours": books}, 2) is None) is (not unequal)


def test_books_tell_what_is_rejected_and_what_nobody_acknowledged(tmp_path: Path) -> None:
    _acknowledge(tmp_path, ["a", "b"], acked=1)
    _land(tmp_path / TABLE, [{"offset": 0, "event_id": "a", "rejected_because": ["missing:key"]}])
    books = LiveStream("", tmp_path).books()
    assert books == BALANCED | {"acked": 1, "rejected": 1}
    assert difference({"ours": books}, 1) is not None
    assert difference({"ours": BALANCED | {"acked": 1}}, 2) is not None


def test_rows_are_aged_by_the_commit_that_shows_them(tmp_path: Path) -> None:
    # Warm-up 9 s old; then 1 s and 3 s before the first commit, 2 s before the second.
    table = tmp_path / TABLE
    _land(table, [{"offset": 0, "producer_sequence": 0}])
    first, second = NOON, NOON + timedelta(seconds=10)
    rows = [(0, first, 9), (1, first, 1), (2, first, 3), (3, second, 2)]
    for landed in (rows[:3], rows[3:]):
        _land(
            table,
            [{"offset": n, "producer_sequence": n, "event_timestamp": at - timedelta(seconds=age)} for n, at, age in landed],
        )
    at_ms = [0, int(first.timestamp() * 1000), int(second.timestamp() * 1000)]
    landings = [type(commit)(at, commit.records, commit.files) for commit, at in zip(commits(table), at_ms, strict=True)]
    assert row_ages(table, landings, "producer_sequence >= $first", first=1) == {"p50_s": 2, "p99_s": 2.98, "max_s": 3}


@pytest.fixture
def offsets(tmp_path: Path) -> Path:
    """Batch 0 ends before version 2, batch 1 within version 3, batch 2 has nothing to commit; nobody has seen version 4 yet."""
    offsets, log = tmp_path / "checkpoint" / "offsets", tmp_path / "table" / "_delta_log"
    for directory in (offsets, log):
        directory.mkdir(parents=True)
    for number, (version, index) in enumerate([(2, -1), (3, 0), (4, -1)]):
        (offsets / f"{number}").write_text("v1\n{}\n" + json.dumps({"reservoirVersion": version, "index": index}))
    for number, at_ms in ((0, 1_000), (1, 3_000)):
        actions = [{"commitInfo": {"timestamp": at_ms}}, {"txn": {"appId": "live", "version": number}}]
        (log / f"{number:020d}.json").write_text("\n".join(json.dumps(action) for action in actions))
    return offsets


LANDINGS = [Commit(at_ms=0, records=1, version=version) for version in (1, 2, 3, 4)]


def _shown(live: LiveTable) -> list[tuple[int, int]]:
    return [(landing.version, landing.at_ms) for landing in live.shown(LANDINGS)]


def test_a_landing_is_shown_live_by_the_first_commit_that_saw_it(offsets: Path, tmp_path: Path) -> None:
    assert _shown(LiveTable(tmp_path / "table", offsets.parent)) == [(1, 1_000), (2, 3_000), (3, 3_000)]


def test_what_was_noted_is_known_when_the_checkpoint_has_forgotten_it(offsets: Path, tmp_path: Path) -> None:
    live = LiveTable(tmp_path / "table", offsets.parent)
    live.note()
    (offsets / "0").unlink()
    assert _shown(live) == [(1, 1_000), (2, 3_000), (3, 3_000)]


def test_a_forgotten_batch_that_nobody_noted_is_told(offsets: Path, tmp_path: Path) -> None:
    """Else the rows of batch 0 would be told as if batch 1 had shown them first."""
    (offsets / "0").unlink()
    with pytest.raises(RuntimeError, match="batch 0"):
        LiveTable(tmp_path / "table", offsets.parent).shown(LANDINGS)


def test_nothing_is_shown_live_before_the_query_has_planned_a_batch(tmp_path: Path) -> None:
    """Table and checkpoint are there a moment before the first offsets are."""
    for directory in ("checkpoint", "table"):
        (tmp_path / directory).mkdir()
    assert LiveTable(tmp_path / "table", tmp_path / "checkpoint").shown(LANDINGS) == []


def test_an_event_that_happens_now_keeps_its_contract(tmp_path: Path) -> None:
    options = SimulationOptions(users=10, days=3, bad=0, late=0, duplicates=0)
    run_simulation(options, home=tmp_path, now_day=date(2026, 2, 1), open_sink=lambda: ParquetSink(tmp_path / "records"))
    made_of = templates(tmp_path / "records")
    assert made_of
    for number, template in enumerate(made_of):
        record = make_record(template, number, NOON, NOON + timedelta(milliseconds=5))
        event = json.loads(record.value)
        assert find_faults(event) == []
        assert (event["event_id"], event["event_timestamp"], event["received_at"]) == (
            record.event_id,
            "2026-02-01T12:00:00.000Z",
            "2026-02-01T12:00:00.005Z",
        )


class _SlowProducer:
    """Takes 50 ms for whatever it is given."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def send(self, records: Sequence[Record]) -> None:
        self.records += records
        deadline = datetime.now(UTC) + timedelta(milliseconds=50)
        while datetime.now(UTC) < deadline:
            continue


def test_a_slow_producer_makes_events_older_and_not_fewer(tmp_path: Path) -> None:
    producer = _SlowProducer()
    options = SimulationOptions(users=10, days=3, bad=0)
    run_simulation(options, home=tmp_path, now_day=date(2026, 2, 1), open_sink=lambda: ParquetSink(tmp_path / "records"))
    began = datetime.now(UTC)
    send_paced(cast(Producer, producer), templates(tmp_path / "records"), 1_000, 200)
    assert (datetime.now(UTC) - began).total_seconds() > 0.19
    events = [json.loads(record.value) for record in producer.records]
    assert len({event["event_id"] for event in events}) == 200
    happened = [datetime.fromisoformat(event["event_timestamp"]) for event in events]
    assert happened[-1] - happened[0] == pytest.approx(timedelta(milliseconds=199), abs=timedelta(milliseconds=1))
    assert max(datetime.fromisoformat(e["received_at"]) - at for e, at in zip(events, happened, strict=True)) > timedelta(milliseconds=30)


def test_a_kill_after_the_last_event_landed_measures_nothing() -> None:
    require_some_left(9, 10)
    with pytest.raises(RuntimeError, match="all 10 events had landed"):
        require_some_left(10, 10)
