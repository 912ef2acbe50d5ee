"""Bad input through the real broker and the streaming app, with all that runs in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from bad_input.classes import FAILURE
from bad_input.judge import COLUMNS, Verdict, judge
from bad_input.records import Given, make
from benchmarks.live_stream import LiveStream
from playhead.contracts.model import event_columns
from playhead.errors import BrokerError
from playhead.events.ledger import Ledger
from playhead.events.producer import Producer
from playhead.io.checkpoint import read_finished_offsets
from playhead.io.delta_table import query_log

PRODUCER_ID = "bad-input"
_APP = "app"
_AT_ONCE = 5_000
_ALERTS = "SELECT count(DISTINCT event_id) AS failures FROM log WHERE rule_id = 'startup_failure'"


def send(stream: LiveStream, count: int) -> dict[int, Given]:
    """Send so many records of all classes in turn; returns them by their numbers.

    Raises:
        BrokerError: one was not taken that should be.
        AssertionError: one was taken that is over its topic's limit.
    """
    given: dict[int, Given] = {}
    producer = Producer({"bootstrap.servers": stream.bootstrap}, Ledger(stream.directory / "ledger", PRODUCER_ID))
    records = list(make(count, datetime.now(UTC)))
    for one in [one for one in records if one.of.is_refused]:
        number = producer.ledger.next_sequence
        try:
            producer.send([one.record])
        except BrokerError:
            given[number] = one
        else:
            raise AssertionError(f"Kafka took a record of {len(one.record.value)} bytes into {one.record.topic}")
    taken = [one for one in records if not one.of.is_refused]
    for start in range(0, len(taken), _AT_ONCE):
        group = taken[start : start + _AT_ONCE]
        given |= zip(producer.send([one.record for one in group]), group, strict=True)
    producer.close()
    return given


def run(stream: LiveStream, count: int) -> Verdict:
    """Send them while the app runs, and wait until each of its queries has gone through all of them.

    Raises:
        StackError: the app failed, or a query that runs beside `ingest` does not get through.
    """
    with stream.app(_APP) as app:
        stream.wait_started(app, _APP)
        given = send(stream, count)
        taken = [one for one in given.values() if not one.of.is_refused]
        failures = sum(one.of.name == FAILURE for one in taken)
        stream.wait_landed(app, _APP, len(taken))
        version = DeltaTable(stream.table).version()
        stream.wait(app, _APP, lambda: alerted(stream) >= failures, "raising an alert for each failure")
        stream.wait(app, _APP, lambda: _live_reads_from(stream) > version, "counting what is live")
    return judge(given, landed(stream))


def restarts(stream: LiveStream) -> int:
    """How often a query that runs beside `ingest` was started again."""
    return stream.log(_APP).read_text(errors="replace").count("is started again in")


def landed(stream: LiveStream) -> pa.Table:
    """What bronze holds of these records."""
    names = dict.fromkeys([*COLUMNS, *(column.name for column in event_columns() if column.type == "string")])
    return DeltaTable(stream.table).to_pyarrow_table(columns=list(names), filters=[("producer_id", "=", PRODUCER_ID)])


def alerted(stream: LiveStream) -> int:
    """How many failures have raised their alert."""
    (row,) = query_log(str(stream.directory / "lake"), "ops.alerts_log", _ALERTS)
    return int(row["failures"])


def _live_reads_from(stream: LiveStream) -> int:
    """The version of bronze that the query `live` reads next."""
    offset: dict[str, Any] = dict(read_finished_offsets(str(stream.directory / "lake" / "_checkpoints" / "live")))
    return int(offset.get("reservoirVersion", 0))
