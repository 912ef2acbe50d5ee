"""The query `alerts`: event topics -> topic `alerts` within milliseconds, in Spark's Real-time Mode.

Real-time Mode holds one task per Kafka partition that polls and writes record by record; its trigger is how often it writes a checkpoint,
not how long an alert takes. It runs no Python, keeps no state and reads the rules' table once per start. So the rules' file is watched, and
the query alone is started again from its checkpoint when the file has changed. Since the checkpoint is up to a trigger old, alerts are
raised at least once; those raised again have the same alert_id, by which ops.alerts_log keeps each once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.alerts.find import build_alerts
from playhead.alerts.rules import Rule, parse_rules, rules_table
from playhead.contracts.model import event_topics
from playhead.errors import SettingsError, StackError
from playhead.io.kafka import partitions_count
from playhead.io.topics import ALERTS
from playhead.jobs.ingest import kafka_options

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

logger = logging.getLogger(__name__)

QUERY = "alerts"
_LOOK_S = 2.0


@dataclass(frozen=True, slots=True)
class AlertOptions:
    """How the query runs. `slots` is how many tasks of it can run beside `ingest`; `checkpoint_every` bounds what is judged again."""

    checkpoint: str
    rules: Path
    window: timedelta
    slots: int
    checkpoint_every: str = "5 minutes"


def read_rules(path: Path) -> tuple[Rule, ...]:
    """The rules that a file holds now.

    Raises:
        SettingsError: there is no such file, or a rule is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the alerts' rules cannot be read from {path}: {error}; correct PLAYHEAD_ALERT_RULES") from error
    return parse_rules(text, str(path))


def run_alerts(spark: SparkSession, client: Mapping[str, str], options: AlertOptions, stop: threading.Event) -> None:
    """Raise alerts by the rules as they are now, until `stop` is set, the rules change, or there is no slot for a new partition.

    Raises:
        PlayheadError: rules or broker are not as they must be.
        StreamingQueryException: the query failed.
    """
    rules = read_rules(options.rules)
    require_slots(client, options.slots)
    have_changed = rules_watcher(options.rules, rules)
    if not rules_table(rules).num_rows:
        logger.warning("no rule of %s is enabled, so no alert is raised", options.rules)
        while not stop.wait(_LOOK_S) and not have_changed():
            continue
        return
    query = start_alerts(spark, client, rules, options)
    try:
        while query.isActive and not stop.wait(_LOOK_S) and not have_changed():
            require_slots(client, options.slots)
    finally:
        query.stop()
    query.awaitTermination()


def start_alerts(spark: SparkSession, client: Mapping[str, str], rules: tuple[Rule, ...], options: AlertOptions) -> StreamingQuery:
    """Start the query."""
    from pyspark.sql import functions as F

    table = spark.createDataFrame(rules_table(rules))
    oldest = F.current_timestamp() - F.lit(options.window)  # of the moment at which the checkpoint was written last
    alerts = build_alerts(_read_records(spark, client, options.window), table, oldest=oldest, raised_at=_now())
    text = F.to_json(F.struct(*alerts.columns), {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'"})
    records = alerts.select(F.col("alert_id").alias("key"), text.alias("value"))
    writer = records.writeStream.queryName(QUERY).option("checkpointLocation", options.checkpoint).outputMode("update")
    for name, value in kafka_options(client).items():
        writer = writer.option(f"kafka.{name}", value)
    writer = writer.format("kafka").option("topic", ALERTS)
    query: StreamingQuery = writer.trigger(realTime=options.checkpoint_every).start()  # type: ignore[call-overload]  # its types lack it
    logger.info("query=%s rules=%d", QUERY, sum(rule.enabled for rule in rules))
    return query


def rules_watcher(path: Path, rules: tuple[Rule, ...]) -> Callable[[], bool]:
    """A function that says whether the file now holds other rules. What cannot work is logged once, and the rules in force stay."""
    told: list[str] = []

    def have_changed() -> bool:
        try:
            return read_rules(path) != rules
        except SettingsError as error:
            if str(error) not in told[-1:]:
                told[:] = [str(error)]
                logger.error("the rules in force stay: %s", error)  # noqa: TRY400
            return False

    return have_changed


def require_slots(client: Mapping[str, str], slots: int) -> None:
    """Refuse to run where a task of this query would have to wait for a slot: it would take those of `ingest`.

    Raises:
        StackError: the topics have more partitions than there were when the app started.
    """
    partitions = partitions_count(client, event_topics())
    if partitions > slots:
        raise StackError(f"the event topics have {partitions} partitions, the streaming app started with {slots}; restart it for alerts")


def _read_records(spark: SparkSession, client: Mapping[str, str], window: timedelta) -> DataFrame:
    """The event topics as a real-time stream, at first from what has arrived within the window. What Kafka has expired is too old."""
    since = datetime.now(UTC) - window
    reader = spark.readStream.format("kafka").option("subscribe", ",".join(event_topics()))
    for name, value in kafka_options(client).items():
        reader = reader.option(f"kafka.{name}", value)
    return (
        reader.option("startingTimestamp", str(int(since.timestamp() * 1000)))
        .option("startingOffsetsByTimestampStrategy", "latest")
        .option("failOnDataLoss", "false")
        .option("kafka.isolation.level", "read_committed")
        .load()
    )


def _now() -> Column:
    """The moment at which a row is looked at; current_timestamp() is that of the last checkpoint."""
    from pyspark.sql import functions as F

    milliseconds = F.call_function("java_method", F.lit("java.lang.System"), F.lit("currentTimeMillis"))
    return F.timestamp_millis(milliseconds.cast("bigint"))
