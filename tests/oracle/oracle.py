"""The oracle: what the BI views must say, computed again from the raw event files, by other means than the product's.

It imports nothing of playhead (a test checks that): DuckDB parses, validates, deduplicates and sums; the clock of each play is walked
event by event. Written from DOMAIN.md sections 1, 3 and 4. Counts and integer sums are exact.

    oracle_views([Path("events/video_events.jsonl"), ...], as_of=date(2026, 11, 24))["V_TOP_CONTENT"]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from oracle_audience import ACTIVE_SQL, CONTENT_SQL, DAILY_SQL, QUALITY_SQL
from oracle_context import CONTEXT_TABLES, CONTEXT_VIEWS
from oracle_experiments import EXPERIMENT_TABLES, EXPERIMENT_VIEWS
from oracle_gold import TABLES, USER_DAILY_SQL, VIEWS, VISITS_SQL
from oracle_money import MONEY_TABLES, MONEY_VIEWS
from oracle_told import Told
from oracle_validity import FIELDS, VIDEO, is_valid, words

DAY_MS = 86_400_000
LATE_MS = 7 * DAY_MS
SEEK_WAIT_MS = 2_000
LINES_AT_ONCE = 100_000
DESCRIBED = ("country", "region", "app_version", "content_title", "content_type", "content_genre")


TERMINAL = ("video_stop", "video_complete")
# What happens first where a player reports two things at one instant.
ORDER = words("video_play video_quality_change video_seek video_buffer video_error video_pause video_complete video_stop")


def oracle_views(paths: Iterable[Path], as_of: date) -> dict[str, list[dict[str, Any]]]:
    """The views of the audience, titles and quality with all their columns, over the events of these files, whose data end on `as_of`."""
    with duckdb.connect() as db:
        _prepare(db, paths)
        for sql in (VISITS_SQL, ACTIVE_SQL, USER_DAILY_SQL):
            db.execute(sql)
        month = {"as_of": as_of, "after": as_of - timedelta(days=30)}
        return {
            "V_DAILY_ACTIVE_USERS": _rows(db, DAILY_SQL, {"as_of": as_of, "after": as_of - timedelta(days=90)}),
            "V_TOP_CONTENT": _rows(db, CONTENT_SQL, month),
            "V_PLATFORM_QUALITY": _rows(db, QUALITY_SQL, month),
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
        tables = TABLES | CONTEXT_TABLES | MONEY_TABLES | EXPERIMENT_TABLES
        views = VIEWS | CONTEXT_VIEWS | MONEY_VIEWS | EXPERIMENT_VIEWS
        for name, sql in tables.items():
            db.execute(_changed(name, sql, change))
        answers = {f"gold.{name}": _rows(db, f"FROM {name}", {}) for name in tables}
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
    db.register("told", _plays_table(db))
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
            floor(view_duration::DOUBLE * 1000 + 0.5)::BIGINT AS view_ms, coalesce(currency, 'USD') = 'USD' AS in_dollars, ab_test_variant
        FROM judged
        WHERE {is_valid(topic)} AND epoch_ms(received) - epoch_ms(moment) <= {LATE_MS}
        """,
        {"paths": paths},
    )
    db.unregister("lines")


def _plays_table(db: duckdb.DuckDBPyConnection) -> pa.Table:
    """All plays, each walked event by event."""
    rank = " ".join(f"WHEN '{event_type}' THEN {place}" for place, event_type in enumerate(ORDER))
    ordered = db.execute(
        "SELECT playback_id, event_type, at_ms, device_id, user_id, device_type, platform, cdn, player, content_id, duration_s, "
        f"position_s, startup_ms, stall_ms, bitrate_kbps, dropped, fatal, {', '.join(DESCRIBED)} FROM once WHERE event_type IN {VIDEO} "
        f"ORDER BY playback_id, at_ms, CASE event_type {rank} END, event_id"
    )
    names = [column[0] for column in ordered.description or []]
    rows = (dict(zip(names, row, strict=True)) for batch in iter(lambda: ordered.fetchmany(50_000), []) for row in batch)
    plays = [walk(play) for _, events in groupby(rows, key=lambda e: e["playback_id"]) for play in spans(list(events))]
    return pa.Table.from_pylist(plays, schema=PLAY_SCHEMA)


def spans(events: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Events of one id in order, cut where it was silent for 24 h; what comes later than 24 h after a start is left out."""
    found: list[list[dict[str, Any]]] = []
    previous_ms = None
    for event in events:
        if previous_ms is None or event["at_ms"] - previous_ms >= DAY_MS:
            found.append([])
        previous_ms = event["at_ms"]
        if not found[-1] or event["at_ms"] - found[-1][0]["at_ms"] <= DAY_MS:
            found[-1].append(event)
    return found


def is_end(event: dict[str, Any]) -> bool:
    """The event ends its play."""
    return event["event_type"] in TERMINAL or (event["event_type"] == "video_error" and bool(event["fatal"]))


def walk(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One play by CTA-2066: its clock is cut at every event and at the end of every wait, and each piece is one kind of time.

    In a piece, startup goes before a seek wait, a seek wait before a stall, a stall before time on screen.
    """
    startup_ms = next((e["startup_ms"] for e in events if e["startup_ms"] is not None), None)
    started = startup_ms is not None or _playhead_moved(events)
    sums = dict.fromkeys(("watched_ms", "played_ms", "stall_ms", "stalls", "seek_ms", "media_bits", "media_ms"), 0)
    state, waits, bitrate = _first_state(events), list[tuple[int, str]](), None
    for event, following in zip(events, [*events[1:], None], strict=True):
        at, kind = event["at_ms"], event["event_type"]
        bitrate = event["bitrate_kbps"] if event["bitrate_kbps"] is not None else bitrate
        if kind == "video_play":
            state, waits = "playing", []
        elif is_end(event) and (state != "unasked"):
            state = "over"
        elif kind == "video_pause" and state == "playing":
            state = "paused"
        startup_left = (startup_ms or 0) - sums["watched_ms"]
        if kind == "video_buffer" and state == "playing":
            waits.append((at + event["stall_ms"], "seek" if _follows_seek(events, event) else "stall"))
            is_stall = waits[-1][1] == "stall" and started and (startup_left <= 0 or event["stall_ms"] > startup_left)
            sums["stalls"] += is_stall
        if following is not None:
            until = following["at_ms"]
        else:
            until = min(at + event["stall_ms"], events[0]["at_ms"] + DAY_MS) if kind == "video_buffer" and state == "playing" else at
        if state == "playing":
            first_frame = at + max(0, startup_left) if started else until
            _paint(sums, at, until, first_frame, waits, bitrate)
    return _play_row(events, sums, startup_ms, started)


def _paint(sums: dict[str, int], at: int, until: int, first_frame: int, waits: list[tuple[int, str]], bitrate: int | None) -> None:
    """Add each piece of [at, until) to its kind of time."""
    cuts = sorted({at, until, *(t for t in (first_frame, *(end for end, _ in waits)) if at < t < until)})
    for start, end in pairwise(cuts):
        length = end - start
        sums["watched_ms"] += length
        active = {kind for wait_end, kind in waits if wait_end > start}
        if start < first_frame:
            continue
        if "seek" in active:
            sums["seek_ms"] += length
        elif "stall" in active:
            sums["stall_ms"] += length
        else:
            sums["played_ms"] += length
            if bitrate is not None:
                sums["media_ms"] += length
                sums["media_bits"] += length * bitrate


def _first_state(events: Sequence[dict[str, Any]]) -> str:
    """A player that reports before it is asked to play has not begun; one whose request was lost has."""
    quiet = ("video_quality_change", "video_error")
    control = next((e["event_type"] for e in events if e["event_type"] not in quiet or is_end(e)), None)
    return "unasked" if control == "video_play" else "playing"


def _follows_seek(events: Sequence[dict[str, Any]], event: dict[str, Any]) -> bool:
    place = next(i for i, each in enumerate(events) if each is event)
    return place > 0 and events[place - 1]["event_type"] == "video_seek" and event["at_ms"] - events[place - 1]["at_ms"] <= SEEK_WAIT_MS


def _playhead_moved(events: Sequence[dict[str, Any]]) -> bool:
    first = events[0]
    if first["event_type"] not in ("video_play", "video_seek") and first["position_s"] > 0:
        return True  # the request was lost, and the title is under way
    return any(
        here["position_s"] > before["position_s"] and "video_seek" not in (here["event_type"], before["event_type"])
        for before, here in pairwise(events)
    )


def _play_row(events: Sequence[dict[str, Any]], sums: dict[str, int], startup_ms: int | None, started: bool) -> dict[str, Any]:
    first = events[0]
    failed = any(e["event_type"] == "video_error" and e["fatal"] for e in events)
    told = ("user_id", "cdn", "player", "country", "region", "content_genre")
    known = {name: next((e.get(name) for e in events if e.get(name) is not None), None) for name in told}
    completed = any(e["event_type"] == "video_complete" for e in events)
    completed |= max(e["position_s"] for e in events) * 100 >= first["duration_s"] * 95
    return {
        "started_ms": first["at_ms"],
        "viewer": known["user_id"] or first["device_id"],
        **{name: first[name] for name in ("platform", "device_type", "content_id")},
        **{name: known[name] or "unknown" for name in ("cdn", "player")},
        **{name: known[name] for name in ("user_id", "country", "region", "content_genre")},
        **{name: first.get(name) for name in ("playback_id", "app_version", "content_title", "content_type", "duration_s")},
        **sums,
        "startup_ms": startup_ms,
        "started": started,
        "failed": failed,
        "ended": any(is_end(e) for e in events),
        "completed": completed,
        "furthest_s": max(e["position_s"] for e in events),
        "errors": sum(e["event_type"] == "video_error" for e in events),
        "dropped": sum(e["dropped"] or 0 for e in events),
    }


def _rows(db: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    found = db.execute(sql, values)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


PLAY_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("viewer", "platform", "device_type", "content_id", "cdn", "player", "user_id", "playback_id")]
    + [(name, pa.string()) for name in DESCRIBED]
    + [(name, pa.int64()) for name in ("duration_s", "furthest_s")]
    + [(name, pa.bool_()) for name in ("started", "failed", "ended", "completed")]
    + [(name, pa.int64()) for name in ("started_ms", "startup_ms", "watched_ms", "played_ms", "stall_ms", "stalls", "seek_ms")]
    + [(name, pa.int64()) for name in ("media_bits", "media_ms", "errors", "dropped")]
)
_EVENTS_TABLE = """
CREATE SEQUENCE arrival;
CREATE TABLE events (
    arrived BIGINT DEFAULT nextval('arrival'), event_id VARCHAR, event_type VARCHAR, at_ms BIGINT, session_id VARCHAR, device_id VARCHAR,
    user_id VARCHAR, device_type VARCHAR, platform VARCHAR, cdn VARCHAR, player VARCHAR, playback_id VARCHAR, content_id VARCHAR,
    duration_s BIGINT, position_s BIGINT, startup_ms BIGINT, stall_ms BIGINT, bitrate_kbps BIGINT, dropped BIGINT, fatal BOOLEAN,
    price DECIMAL(18, 6), country VARCHAR, region VARCHAR, app_version VARCHAR, content_title VARCHAR, content_type VARCHAR,
    content_genre VARCHAR, subscription_tier VARCHAR, signup DATE, page_views BIGINT, app_crashes BIGINT, network_errors BIGINT,
    ad_id VARCHAR, ad_type VARCHAR, ad_campaign_id VARCHAR, ad_position_ms BIGINT, view_ms BIGINT, in_dollars BOOLEAN,
    ab_test_variant VARCHAR
)"""
_ONCE_SQL = """
CREATE TABLE once AS
SELECT *, CAST(epoch_ms(at_ms) AS DATE) AS day, coalesce(user_id, device_id) AS viewer FROM events
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY arrived) = 1"""
