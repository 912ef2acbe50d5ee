"""The topic `alerts` -> ops.alerts_log, each alert once.

A commit carries the offsets up to which the topic has been read, so a crash neither loses nor doubles what was read. An alert that the
query raised more than once is known by its alert_id.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from playhead.alerts.find import ALERTS_LOG
from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.errors import BrokerError
from playhead.io.delta_table import append_rows, merge_log, query_log, read_progress
from playhead.io.kafka import partitions_count
from playhead.io.lock import table_lock
from playhead.io.topics import ALERTS

logger = logging.getLogger(__name__)

_AT_ONCE = 10_000
_COLLECTED_S = 2.0  # a commit at most so often
_COMMITS_PER_MERGE = 500
_KNOWN = """
    SELECT DISTINCT alert_id FROM log WHERE event_timestamp BETWEEN $first AND $last AND list_contains($ids, alert_id)
"""


def run_alerts_log(lake: str, client: Mapping[str, str], stop: threading.Event) -> None:
    """Keep ops.alerts_log until `stop` is set, as its one writer.

    Raises:
        BrokerError: the topic cannot be read.
        LockHeldError: another process writes the table.
    """
    with table_lock(lake, ALERTS_LOG, holder="the streaming app", wait_s=0):
        consumer = Consumer(
            {
                **client,
                "group.id": "playhead.alerts_log",  # a name that the client demands; offsets are in the table
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "logger": logger,
            }
        )
        try:
            consumer.assign(_positions(lake, client))
            commits = 0
            while not stop.is_set():
                messages = consumer.consume(_AT_ONCE, timeout=_COLLECTED_S)
                commits += land_alerts(lake, _sound(messages))
                if commits >= _COMMITS_PER_MERGE:
                    merge_log(lake, ALERTS_LOG)
                    commits = 0
        finally:
            consumer.close()


def land_alerts(lake: str, messages: Sequence[Message]) -> bool:
    """Append the alerts of these records that the table does not hold; says whether there were any."""
    by_id = {alert["alert_id"]: alert for message in reversed(messages) if (alert := read_alert(message)) is not None}
    known = _known(lake, by_id.values()) if by_id else set()
    fresh = [alert for alert_id, alert in by_id.items() if alert_id not in known]
    if not fresh:
        return False
    append_rows(lake, ALERTS_LOG, fresh, progress=_read_up_to(messages))
    logger.info("alerts=%d raised_again=%d", len(fresh), len(messages) - len(fresh))
    return True


def read_alert(message: Message) -> dict[str, Any] | None:
    """A record of the topic as a row; None, and a line in the log, where it is not one of ours."""
    try:
        return _row(json.loads(message.value()))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        logger.warning("%s/%s/%s is no alert: %s", message.topic(), message.partition(), message.offset(), error)
        return None


def _row(alert: Mapping[str, Any]) -> dict[str, Any]:
    contract = load_contract(ALERTS_LOG)
    times = {name: datetime.fromisoformat(alert[name]) for name in ("event_timestamp", "raised_at")}
    row = {name: alert.get(name) for name in contract.column_names} | times
    row |= {name: float(alert[name]) for name in ("value", "threshold")}
    pa.RecordBatch.from_pylist([row], arrow_schema(contract))  # what the table cannot take must not get as far as a commit
    missing = [column.name for column in contract.columns if column.required and row[column.name] is None]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing")
    return row


def _known(lake: str, alerts: Iterable[Mapping[str, Any]]) -> set[str]:
    """Which of these alerts the table holds. An alert raised again has the same event time, so that few files are looked at."""
    times = [alert["event_timestamp"] for alert in alerts]
    ids = [alert["alert_id"] for alert in alerts]
    found = query_log(lake, ALERTS_LOG, _KNOWN, {"first": min(times), "last": max(times), "ids": ids})
    return {row["alert_id"] for row in found}


def _sound(messages: Sequence[Message]) -> list[Message]:
    for message in messages:
        if message.error() is not None:
            raise BrokerError(f"topic {ALERTS} cannot be read: {message.error().str()}; see `playhead status`")
    return list(messages)


def _positions(lake: str, client: Mapping[str, str]) -> list[TopicPartition]:
    count = partitions_count(client, [ALERTS])
    if not count:
        raise BrokerError(f"topic {ALERTS} does not exist; run `playhead topics ensure`")
    known = {partition: read_progress(lake, ALERTS_LOG, _source(partition)) for partition in range(count)}
    return [TopicPartition(ALERTS, number, OFFSET_BEGINNING if next_ is None else next_) for number, next_ in known.items()]


def _read_up_to(messages: Sequence[Message]) -> dict[str, int]:
    """Next offset of each partition after these records."""
    return {_source(message.partition()): message.offset() + 1 for message in messages}


def _source(partition: int) -> str:
    return f"{ALERTS}/{partition}"
