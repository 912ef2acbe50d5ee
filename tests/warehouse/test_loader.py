"""The load: idempotent, atomic for readers, reconciled before anyone sees it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection

from playhead.errors import MismatchError, WarehouseError
from playhead.io.snowflake import execute, fetch_rows, warehouse_connection
from playhead.settings import Settings
from playhead.warehouse import loader

Ask = Callable[..., list[dict[str, Any]]]
Gold = Any  # conftest.Gold


def viewer_day(gold: Gold, when: str, viewer: str, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = gold.row("gold.user_daily", event_date=gold.day(when), viewer_id=viewer, platform="web", **values)
    return row


def publish_two_days(gold: Gold) -> None:
    gold.publish(
        "gold.user_daily",
        {
            "2026-11-22": [viewer_day(gold, "2026-11-22", "ann", plays_count=2, ad_revenue=Decimal("0.000001"))],
            "2026-11-23": [viewer_day(gold, "2026-11-23", "ann", plays_count=3), viewer_day(gold, "2026-11-23", "bob", plays_count=4)],
        },
    )
    gold.record()


def test_load__brings_over_partitions_and_logs_them(connection: SnowflakeConnection, gold: Gold, ask: Ask, tmp_path: Path) -> None:
    publish_two_days(gold)
    report = gold.load(connection)
    assert (report.partitions, report.rows) == ({"gold.user_daily": 2}, {"gold.user_daily": 3})
    assert ask("SELECT EVENT_DATE, VIEWER_ID, PLAYS_COUNT, AD_REVENUE FROM GOLD.USER_DAILY ORDER BY 1, 2") == [
        {"EVENT_DATE": gold.day("2026-11-22"), "VIEWER_ID": "ann", "PLAYS_COUNT": 2, "AD_REVENUE": Decimal("0.000001")},
        {"EVENT_DATE": gold.day("2026-11-23"), "VIEWER_ID": "ann", "PLAYS_COUNT": 3, "AD_REVENUE": 0},
        {"EVENT_DATE": gold.day("2026-11-23"), "VIEWER_ID": "bob", "PLAYS_COUNT": 4, "AD_REVENUE": 0},
    ]
    assert ask("SELECT RUN_ID, TABLE_NAME, PARTITION_KEY, TABLE_VERSION, ROWS_COUNT, CONTENT_HASH FROM OPS.LOAD_LOG ORDER BY 3") == [
        {
            "RUN_ID": "load/1",
            "TABLE_NAME": "gold.user_daily",
            "PARTITION_KEY": key,
            "TABLE_VERSION": gold.versions["gold.user_daily"],
            "ROWS_COUNT": rows,
            "CONTENT_HASH": "hash-1",
        }
        for key, rows in (("2026-11-22", 1), ("2026-11-23", 2))
    ]
    assert not list((tmp_path / "export").iterdir())
    assert ask("SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'STAGING'") == []


def test_load__twice_is_a_no_op_that_does_not_start_the_engine(
    connection: SnowflakeConnection, gold: Gold, ask: Ask, tmp_path: Path
) -> None:
    publish_two_days(gold)
    gold.load(connection)
    before = ask("SELECT * FROM OPS.LOAD_LOG ORDER BY PARTITION_KEY")
    assert gold.load(connection).partitions == {}
    assert ask("SELECT * FROM OPS.LOAD_LOG ORDER BY PARTITION_KEY") == before


def test_load__late_partition_is_the_only_one_reloaded(connection: SnowflakeConnection, gold: Gold, ask: Ask, tmp_path: Path) -> None:
    publish_two_days(gold)
    gold.load(connection)
    gold.publish("gold.user_daily", {"2026-11-22": [viewer_day(gold, "2026-11-22", "ann", plays_count=5)]})
    assert gold.load(connection).partitions == {}, "published, but no build_log row names it yet"
    gold.record()
    assert gold.load(connection).rows == {"gold.user_daily": 1}
    # 2026-11-22: 2 -> 5, 2026-11-23 untouched: 3 + 4
    assert [
        r["N"] for r in ask("SELECT SUM(PLAYS_COUNT::NUMBER(38,0)) AS N FROM GOLD.USER_DAILY GROUP BY EVENT_DATE ORDER BY EVENT_DATE")
    ] == [5, 7]


def test_load__partition_that_became_empty_is_emptied(connection: SnowflakeConnection, gold: Gold, ask: Ask, tmp_path: Path) -> None:
    publish_two_days(gold)
    gold.load(connection)
    gold.publish("gold.user_daily", {"2026-11-23": []})
    gold.record()
    assert gold.load(connection).rows == {"gold.user_daily": 0}
    assert [r["VIEWER_ID"] for r in ask("SELECT VIEWER_ID FROM GOLD.USER_DAILY")] == ["ann"]


def test_load__hours_are_partitions_of_their_own(connection: SnowflakeConnection, gold: Gold, ask: Ask, tmp_path: Path) -> None:
    told = {"platform": "web", "device_type": "tv", "cdn": "unknown", "country": "DE", "player": "hls.js", "app_version": "1"}

    def hour(text: str, plays: int) -> dict[str, Any]:
        at = datetime.fromisoformat(f"{text}:00:00+00:00")
        row: dict[str, Any] = gold.row("gold.qoe_hourly", event_hour=at, plays_count=plays, media_bits=2**60, **told)
        return row

    gold.publish("gold.qoe_hourly", {h: [hour(h, 1)] for h in ("2026-11-24T04", "2026-11-24T05", "2026-11-24T06")})
    gold.record()
    gold.load(connection)
    gold.publish("gold.qoe_hourly", {"2026-11-24T05": [hour("2026-11-24T05", 9)]})
    gold.record()
    assert gold.load(connection).partitions == {"gold.qoe_hourly": 1}
    found = ask("SELECT EVENT_HOUR, PLAYS_COUNT, MEDIA_BITS FROM GOLD.QOE_HOURLY ORDER BY 1")
    assert [(r["EVENT_HOUR"].hour, r["PLAYS_COUNT"], r["MEDIA_BITS"]) for r in found] == [(4, 1, 2**60), (5, 9, 2**60), (6, 1, 2**60)]


def tamper(monkeypatch: pytest.MonkeyPatch) -> None:
    """One play more appears in the staging table, as if a file had been cut or loaded twice."""
    stage = loader.stage_contract_rows

    def stage_wrongly(connection: SnowflakeConnection, name: str, directory: Path) -> str:
        table = stage(connection, name, directory)
        if name == "gold.user_daily":
            execute(connection, f"UPDATE {table} SET PLAYS_COUNT = PLAYS_COUNT + 1 WHERE VIEWER_ID = 'bob'")
        return table

    monkeypatch.setattr(loader, "stage_contract_rows", stage_wrongly)


def test_load__that_does_not_reconcile_changes_nothing(
    connection: SnowflakeConnection, gold: Gold, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_two_days(gold)
    tamper(monkeypatch)
    # 2026-11-23: ann 3 + bob 4 = 7; with the tampered play 8
    told = r"gold\.user_daily partition 2026-11-23 .* plays_count is 7 in the lakehouse and 8 in the warehouse"
    with pytest.raises(MismatchError, match=told):
        gold.load(connection)
    assert ask("SELECT * FROM GOLD.USER_DAILY") == []
    assert ask("SELECT * FROM OPS.LOAD_LOG") == []


def test_load__without_the_check_would_show_the_tampered_rows(
    connection: SnowflakeConnection, gold: Gold, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: it is the reconciliation that stops it, nothing else."""
    publish_two_days(gold)
    tamper(monkeypatch)
    monkeypatch.setattr(loader, "reconcile", lambda *_: None)
    gold.load(connection)
    assert ask("SELECT PLAYS_COUNT FROM GOLD.USER_DAILY WHERE VIEWER_ID = 'bob'") == [{"PLAYS_COUNT": 5}]


def test_load__readers_see_the_old_rows_until_the_commit(
    connection: SnowflakeConnection, gold: Gold, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_two_days(gold)
    gold.load(connection)
    gold.publish("gold.user_daily", {"2026-11-23": [viewer_day(gold, "2026-11-23", "cyd", plays_count=1)]})
    gold.record()
    seen: list[list[str]] = []
    refresh = loader.refresh_dims

    def look_then_refresh(session: SnowflakeConnection) -> None:
        own = fetch_rows(session, "SELECT VIEWER_ID FROM GOLD.USER_DAILY ORDER BY 1")
        others = ask("SELECT VIEWER_ID FROM GOLD.USER_DAILY ORDER BY 1")
        seen.extend([[r["VIEWER_ID"] for r in own], [r["VIEWER_ID"] for r in others]])
        refresh(session)

    monkeypatch.setattr(loader, "refresh_dims", look_then_refresh)
    gold.load(connection)
    assert seen == [["ann", "cyd"], ["ann", "ann", "bob"]]
    assert [r["VIEWER_ID"] for r in ask("SELECT VIEWER_ID FROM GOLD.USER_DAILY ORDER BY 1")] == ["ann", "cyd"]


def test_load__interrupted_inside_the_transaction_leaves_the_old_rows(
    connection: SnowflakeConnection, gold: Gold, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_two_days(gold)

    def stop(session: SnowflakeConnection) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loader, "refresh_dims", stop)
    with pytest.raises(KeyboardInterrupt):
        gold.load(connection)
    assert ask("SELECT * FROM GOLD.USER_DAILY") == []
    monkeypatch.undo()
    assert gold.load(connection).rows == {"gold.user_daily": 3}


def test_load__data_survive_a_restart_of_the_server(gold: Gold, start_warehouse: Any, tmp_path: Path) -> None:
    publish_two_days(gold)
    with start_warehouse(tmp_path / "state") as settings, closing(warehouse_connection(settings)) as session:
        gold.load(session)
    with start_warehouse(tmp_path / "state") as settings, closing(warehouse_connection(settings)) as session:
        assert fetch_rows(session, "SELECT COUNT(*) AS N FROM GOLD.USER_DAILY") == [{"N": 3}]
        assert gold.load(session).partitions == {}


def test_connection__to_nothing_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="start it with `playhead up`"):
        warehouse_connection(Settings(state_dir=tmp_path, port_base=1024))
