"""Which events raise alerts: a pure function of Kafka records and the table of rules, in batch and in stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playhead.alerts.measures import measure_value, numeric_fields, with_measures
from playhead.contracts.conform import conform
from playhead.contracts.model import field_dictionary, load_contract

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

ALERTS_LOG = "ops.alerts_log"
_TEXTS = ("event_id", "event_type", "session_id", "playback_id", "user_id")
_TIMES = ("event_timestamp", "received_at")
_LABEL = '"event_timestamp"'
_CHARS_OF_A_TIME = 64


def build_alerts(records: DataFrame, rules: DataFrame, *, oldest: Column, raised_at: Column) -> DataFrame:
    """Alerts in the shape of ops.alerts_log: one per event and rule that it breaks.

    Only events since `oldest` are looked at, and no other record is parsed. An event without event_id or session_id raises nothing: it
    is the quarantine's. The same event judged again gives the same alert_id.

    Args:
        records: column `value`, the bytes of Kafka records.
        rules: RULES_SCHEMA.
        oldest: event time before which an event is passed over.
        raised_at: now.
    """
    from pyspark.sql import functions as F

    events = with_measures(with_event(filter_recent(records, oldest)))
    has_ids = F.col("event_id").rlike(field_dictionary()["event_id"].pattern or "") & F.col("session_id").isNotNull()
    judged = events.where(has_ids).join(F.broadcast(rules), "event_type").withColumn("value", measure_value(F.col("measure")))
    alert_id = F.sha2(F.concat_ws("|", "rule_id", "event_id", F.unix_micros("event_timestamp")), 256)
    found = judged.where(_is_broken()).withColumns({"alert_id": alert_id, "raised_at": raised_at})
    contract = load_contract(ALERTS_LOG)
    return conform(found.select(*contract.column_names), contract)


def filter_recent(records: DataFrame, oldest: Column) -> DataFrame:
    """Drops the records whose event happened before `oldest`, by the first event_timestamp in their text, and those that have none.

    A replay or a historical load goes through here whole: it costs a search and a look at a few characters per record.
    """
    from pyspark.sql import functions as F

    text = F.col("value").cast("string")
    after = F.substring(text, F.instr(text, _LABEL) + len(_LABEL), F.lit(_CHARS_OF_A_TIME))
    moment = F.regexp_extract(after, r'^\s*:\s*"([^"]+)"', 1).try_cast("timestamp")
    return records.where(moment >= oldest)


def with_event(records: DataFrame) -> DataFrame:
    """The fields of the event that rules and alerts look at, all NULL where the record is no event, and `record_bytes`.

    Numbers are read as doubles, so that one of the wrong kind is still seen. Ids are cut at their contract's length.
    """
    from pyspark.sql import functions as F

    types = dict.fromkeys(_TEXTS, "string") | dict.fromkeys(_TIMES, "timestamp") | dict.fromkeys(numeric_fields(), "double")
    schema = ", ".join(f"`{name}` {type_}" for name, type_ in (types | {"fatal": "boolean"}).items())
    parsed = records.select(F.from_json(F.col("value").cast("string"), schema).alias("event"), F.length("value").alias("record_bytes"))
    fields = parsed.select("event.*", "record_bytes")
    limits = {name: field_dictionary()[name].max_length for name in _TEXTS}
    return fields.withColumns({name: F.left(name, F.lit(limit)) for name, limit in limits.items() if limit})


def _is_broken() -> Column:
    from pyspark.sql import functions as F

    comparison, value, threshold = F.col("comparison"), F.col("value"), F.col("threshold")
    return (
        ((comparison == ">") & (value > threshold))
        | ((comparison == ">=") & (value >= threshold))
        | ((comparison == "<") & (value < threshold))
        | ((comparison == "<=") & (value <= threshold))
        | ((comparison == "=") & (value == threshold))
    )
