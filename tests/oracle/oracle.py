"""The oracle: what the BI views must say, computed again from the raw event files, by other means than the product's.

It imports nothing of playhead (a test checks that): DuckDB parses, validates, deduplicates and sums; the clock of each play is walked
event by event. Written from DOMAIN.md sections 1, 3 and 4. Counts and integer sums are exact.

    oracle_views([Path("events/video_events.jsonl"), ...], as_of=date(2026, 11, 24))["V_TOP_CONTENT"]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from oracle_audience import ACTIVE_SQL, CONTENT_SQL, DAILY_SQL, QUALITY_SQL
from oracle_breakdown import BREAKDOWN_TABLES, BREAKDOWN_VIEWS
from oracle_context import CONTEXT_TABLES, CONTEXT_VIEWS
from oracle_experiments import EXPERIMENT_TABLES, EXPERIMENT_VIEWS
from oracle_gold import TABLES, USER_DAILY_SQL, VIEWS, VISITS_SQL
from oracle_money import MONEY_TABLES, MONEY_VIEWS
from oracle_told import Told
from oracle_validity import FIELDS, is_valid
from oracle_walk import plays_table

DAY_MS = 86_400_000
LATE_MS = 7 * DAY_MS
LINES_AT_ONCE = 100_000
# So many viewers a sketch counts exactly. Of more it tells what its hashes tell, and the oracle says nothing.
EXACT_IN_A_SKETCH = 4096


def oracle_plays(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """All plays in the events of these files."""
    with duckdb.connect() as db:
        _prepare(db, paths)
        return _rows(db, "FROM plays", {})


def oracle_views(paths: Iterable[Path], as_of: date, change: tuple[str, str, str] | None = None) -> dict[str, list[dict[str, Any]]]:
    """The views of the audience, titles and quality with all their columns, over the events of these files, whose data end on `as_of`.

    `change` is a definition told wrong on purpose, as in `oracle_gold`.
    """
    with duckdb.connect() as db:
        _prepare(db, paths)
        for sql in (VISITS_SQL, ACTIVE_SQL, USER_DAILY_SQL):
            db.execute(sql)
        month = {"as_of": as_of, "after": as_of - timedelta(days=30)}
        audience = _rows(db, DAILY_SQL, {"as_of": as_of, "after": as_of - timedelta(days=90)})
        if any(day["MONTHLY_ACTIVE_USERS"] > EXACT_IN_A_SKETCH for day in audience):
            audience = [{name: value for name, value in day.items() if "ESTIMATE" not in name} for day in audience]
        return {
            "V_DAILY_ACTIVE_USERS": audience,
            "V_TOP_CONTENT": _rows(db, CONTENT_SQL, month),
            "V_PLATFORM_QUALITY": _rows(db, _changed("V_PLATFORM_QUALITY", QUALITY_SQL, change), month),
        }


def oracle_gold(
    paths: Iterable[Path], as_of: date, change: tuple[str, str, str] | None = None, told: Told | None = None
) -> dict[str, list[dict[str, Any]]]:
    """The gold tables, and the views of the audience, titles, devices, countries, money and experiments, with all their columns.

    `change` is a definition told wrong on purpose: the table or view, and what to replace in its SQL by what. With what the product has
    `told` of scores and loads, the views of churn and freshness too.
    """
    with duckdb.connect() as db:
        _prepare(db, paths)
        db.execute(VISITS_SQL)
        tables = TABLES | BREAKDOWN_TABLES | CONTEXT_TABLES | MONEY_TABLES | EXPERIMENT_TABLES
        views = VIEWS | BREAKDOWN_VIEWS | CONTEXT_VIEWS | MONEY_VIEWS | EXPERIMENT_VIEWS
        for name, sql in tables.items():
            db.execute(_changed(name, sql, change))
        answers = {f"gold.{name}": _rows(db, f"FROM {name}", {}) for name in tables}
        if any(day["monthly_active_viewers_count"] > EXACT_IN_A_SKETCH for day in answers["gold.audience_daily"]):
            del answers["gold.audience_sketches"]
        answers |= {name: _rows(db, _changed(name, sql, change), {"as_of": as_of}) for name, sql in views.items()}
        if told is not None:
            told.put(db)
            answers |= {name: _rows(db, _changed(name, sql, change), {}) for name, sql in told.views().items()}
        return answers


def _changed(name: str, sql: str, change: tuple[str, str, str] | None) -> str:
    if change is None or change[0] != name:
        return sql
    assert change[1] in sql, f"{change[1]} is not in the definition of {name}"
    return sql.replace(change[1], change[2])


def _prepare(db: duckdb.DuckDBPyConnection, paths: Iterable[Path]) -> None:
    """Each event once, and all plays."""
    db.execute("SET TimeZone = 'UTC'")
    db.execute(_EVENTS_TABLE)
    for path in sorted(paths):
        for lines in _utf8_lines(path):
            _add_valid(db, path.stem, lines)
    db.execute(_ONCE_SQL)
    db.register("told", plays_table(db))
    db.execute("CREATE TABLE plays AS SELECT *, CAST(epoch_ms(started_ms) AS DATE) AS day FROM told")


def _utf8_lines(path: Path) -> Iterator[pa.Table]:
    """The file's lines that are text, in order, in batches."""
    lines: list[str] = []
    with path.open("rb") as file:
        for line in file:
            try:
                lines.append(line.rstrip(b"\n").decode("utf-8"))
            except UnicodeDecodeError:
                continue
            if len(lines) == LINES_AT_ONCE:
                yield pa.table({"line": lines})
                lines = []
    if lines:
        yield pa.table({"line": lines})


def _add_valid(db: duckdb.DuckDBPyConnection, topic: str, lines: pa.Table) -> None:
    """Keep what the contracts accept and what was not received too late."""
    paths = [f"$.{name}" for name in FIELDS]
    db.register("lines", lines)
    db.execute(
        f"""
        INSERT INTO events BY NAME
        WITH objects AS (
            SELECT json_type(line, $paths) AS t, json_extract_string(line, $paths) AS v
            FROM lines WHERE CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END
        ),
        fields AS (SELECT {", ".join(f"v[{i}] AS {name}, t[{i}] AS {name}_t" for i, name in enumerate(FIELDS, 1))} FROM objects),
        judged AS (
            SELECT *, try_cast(event_timestamp AS TIMESTAMP) AS moment, try_cast(received_at AS TIMESTAMP) AS received FROM fields
        )
        SELECT
            event_id, event_type, epoch_ms(moment) AS at_ms, session_id, device_id, user_id, device_type, platform, cdn, player,
            playback_id, coalesce(video_id, content_id) AS content_id, content_duration::BIGINT AS duration_s,
            playback_position::BIGINT AS position_s,
            floor(startup_time::DOUBLE * 1000 + 0.5)::BIGINT AS startup_ms, floor(buffer_duration::DOUBLE * 1000 + 0.5)::BIGINT AS stall_ms,
            floor(bitrate::DOUBLE + 0.5)::BIGINT AS bitrate_kbps, dropped_frames::BIGINT AS dropped, fatal = 'true' AS fatal,
            CASE WHEN coalesce(currency, 'USD') = 'USD' THEN ad_price::DECIMAL(18, 6) END AS price,
            country, region, app_version, content_title, content_type, content_genre, subscription_tier, user_signup_date::DATE AS signup,
            page_views::BIGINT AS page_views, app_crashes::BIGINT AS app_crashes, network_errors::BIGINT AS network_errors,
            ad_id, ad_type, ad_campaign_id, floor(ad_position::DOUBLE * 1000 + 0.5)::BIGINT AS ad_position_ms,
            floor(ad_duration::DOUBLE * 1000 + 0.5)::BIGINT AS ad_duration_ms,
            floor(view_duration::DOUBLE * 1000 + 0.5)::BIGINT AS view_ms, coalesce(currency, 'USD') = 'USD' AS in_dollars, ab_test_variant,
            connection_type, ad_creative_id, advertiser_id
        FROM judged
        WHERE {is_valid(topic)} AND epoch_ms(received) - epoch_ms(moment) <= {LATE_MS}
        """,
        {"paths": paths},
    )
    db.unregister("lines")


def _rows(db: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    found = db.execute(sql, values)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


_EVENTS_TABLE = """
CREATE SEQUENCE arrival;
CREATE TABLE events (
    arrived BIGINT DEFAULT nextval('arrival'), event_id VARCHAR, event_type VARCHAR, at_ms BIGINT, session_id VARCHAR, device_id VARCHAR,
    user_id VARCHAR, device_type VARCHAR, platform VARCHAR, cdn VARCHAR, player VARCHAR, playback_id VARCHAR, content_id VARCHAR,
    duration_s BIGINT, position_s BIGINT, startup_ms BIGINT, stall_ms BIGINT, bitrate_kbps BIGINT, dropped BIGINT, fatal BOOLEAN,
    price DECIMAL(18, 6), country VARCHAR, region VARCHAR, app_version VARCHAR, content_title VARCHAR, content_type VARCHAR,
    content_genre VARCHAR, subscription_tier VARCHAR, signup DATE, page_views BIGINT, app_crashes BIGINT, network_errors BIGINT,
    ad_id VARCHAR, ad_type VARCHAR, ad_campaign_id VARCHAR, ad_position_ms BIGINT, ad_duration_ms BIGINT, view_ms BIGINT,
    in_dollars BOOLEAN, ab_test_variant VARCHAR, connection_type VARCHAR,
    ad_creative_id VARCHAR, advertiser_id VARCHAR
)"""
_ONCE_SQL = """
CREATE TABLE once AS
SELECT *, CAST(epoch_ms(at_ms) AS DATE) AS day, coalesce(user_id, device_id) AS viewer FROM events
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY arrived) = 1"""
