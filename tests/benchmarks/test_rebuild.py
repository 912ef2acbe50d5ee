"""What the bench `rebuild` compares: every table, by the values of every row, whatever files and order they lie in."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.digests import digest
from benchmarks.peers.duckdb_gold import GOLD, SILVER, duckdb_type, sql_of
from benchmarks.rebuild import COMPARED, difference
from playhead.contracts.model import load_contract

TABLE = "gold.user_content_daily"
ROW = {
    "event_date": "DATE '2026-02-01'", "viewer_id": "'v'", "content_id": "'c'", "plays_count": "1", "completed_count": "0",
    "watched_ms": "5", "played_ms": "5", "interactions_count": "0",
}  # fmt: skip
VISITS = [(0, "a"), (7, "a"), (7, "b"), (37, "c")]
EQUAL = dict.fromkeys(COMPARED, (3, 7))


def _write(path: Path, *rows: dict[str, str]) -> str:
    selects = " UNION ALL ".join("SELECT " + ", ".join(f"{value} AS {name}" for name, value in row.items()) for row in rows)
    duckdb.execute(f"COPY ({selects}) TO '{path}' (FORMAT parquet)")
    return str(path)


def test_order_files_and_wider_types_do_not_matter(tmp_path: Path) -> None:
    other = ROW | {"viewer_id": "'w'"}
    together = _write(tmp_path / "together.parquet", ROW, other)
    apart = [_write(tmp_path / "second.parquet", other), _write(tmp_path / "first.parquet", ROW | {"watched_ms": "5::BIGINT"})]
    assert digest(TABLE, [together]) == digest(TABLE, apart)


def test_only_rows_asked_for_count(tmp_path: Path) -> None:
    one = _write(tmp_path / "one.parquet", ROW)
    both = _write(tmp_path / "both.parquet", ROW, ROW | {"event_date": "DATE '2026-02-02'"})
    assert digest(TABLE, [both], "event_date < DATE '2026-02-02'") == digest(TABLE, [one]) != digest(TABLE, [both])


@pytest.mark.parametrize("column", load_contract(TABLE).column_names)
def test_every_column_counts(column: str, tmp_path: Path) -> None:
    changed = {"event_date": "DATE '2026-02-02'", "viewer_id": "'x'", "content_id": "'x'"}.get(column, "9")
    one, other = _write(tmp_path / "one.parquet", ROW), _write(tmp_path / "other.parquet", ROW | {column: changed})
    assert digest(TABLE, [one]) != digest(TABLE, [other])


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        pytest.param({"gold.user_daily": (4, 7)}, "rows differ", id="one more row"),
        pytest.param({"gold.audience_daily": (3, 8)}, "rows differ", id="another value"),
    ],
)
def test_unequal_tables_are_told(tables: dict[str, Any], told: str) -> None:
    said = difference({"ours": EQUAL, "peer": EQUAL | tables}, 1) or ""
    assert said.startswith(told)
    assert next(iter(tables)) in said


def test_empty_tables_prove_nothing() -> None:
    empty = EQUAL | {"gold.qoe_hourly": (0, 0)}
    assert difference({"ours": empty, "peer": empty}, 1) == "gold.qoe_hourly came out empty"
    assert difference({"ours": EQUAL, "peer": dict(EQUAL)}, 1) is None


def test_the_peer_makes_every_table_that_is_compared() -> None:
    assert sorted(f"gold.{table}" for table in GOLD) == sorted(COMPARED)


def test_the_peer_counts_a_viewer_once_in_windows_of_7_and_30_days() -> None:
    # Both on the 8th day, so both leave the week on the 15th and the month on the 38th, when c comes.
    connection = duckdb.connect()
    rows = ", ".join(f"(DATE '2026-01-01' + {day}, '{viewer}', {viewer == 'a'}, 1, 1, 0, 5, 0.5)" for day, viewer in VISITS)
    columns = "event_date, viewer_id, is_paid, sessions_count, plays_count, completed_count, watched_ms, ad_revenue"
    connection.execute(f"CREATE SCHEMA gold; CREATE TABLE gold.user_daily AS FROM (VALUES {rows}) visits({columns})")
    windows = "daily_active_viewers_count, weekly_active_viewers_count, monthly_active_viewers_count, premium_viewers_count, watched_ms"
    days = connection.execute(f"SELECT {windows} FROM ({sql_of('audience_daily')}) ORDER BY event_date").fetchall()
    assert len(days) == 38
    assert days[0] == (1, 1, 1, 1, 5)
    assert days[6] == (0, 1, 1, 0, 0)
    assert days[7] == (2, 2, 2, 1, 10)
    assert days[13] == (0, 2, 2, 0, 0)
    assert days[14] == (0, 0, 2, 0, 0)
    assert days[36] == (0, 0, 2, 0, 0)
    assert days[37] == (1, 1, 1, 0, 5)


def test_the_peer_knows_the_last_told_traits_and_scores_half_up() -> None:
    # A play tells more than a visit at the same instant, and NULL tells nothing: country from the visit, platform from the play.
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA silver")
    for table in SILVER:
        connection.execute(f"CREATE TABLE silver.{table} ({_columns(f'silver.{table}')})")
    who = "DATE '2026-01-01' AS event_date, 'v' AS viewer_id, TIMESTAMPTZ '2026-01-01 10:00Z' AS started_at"
    connection.execute(f"INSERT INTO silver.sessions BY NAME SELECT {who}, 's' AS session_id, 'de' AS country, 'web' AS platform")
    connection.execute(
        f"INSERT INTO silver.playbacks BY NAME SELECT {who}, 'p' AS playback_id, 'ios' AS platform, 'c' AS content_id, 30 AS watched_ms"
    )
    asked = "country, platform, sessions_count, plays_count, unique_titles_count, started_count, is_paid, engagement_score"
    # 30 ms watched are 0.00005 points, one title a third of one: 0.33338333.
    assert connection.execute(f"SELECT {asked} FROM ({sql_of('user_daily')})").fetchall() == [
        ("de", "ios", 1, 1, 1, 0, False, Decimal("0.3334"))
    ]


def _columns(table: str) -> str:
    return ", ".join(f"{c.name} {duckdb_type(c.type)}" for c in load_contract(table).columns)
