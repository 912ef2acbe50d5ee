"""Tables through their log: made by contract, widened with it, and the logs of ops written and asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.io import delta_table
from playhead.io.delta_table import FEW_FILES, append_rows, merge_log, open_table, query_log, read_progress, table_path, table_version

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LOG = "ops.build_log"


def build(run_id: str, **change: Any) -> dict[str, Any]:
    row = {"run_id": run_id, "dag_id": "build_daily", "run_kind": "pull", "bronze_version": 1, "touched_hours": [NOON], "pending_hours": []}
    return row | {"published": {"gold.user_daily": 4}, "failed_partitions": [], "planned_at": NOON, "finished_at": NOON} | change


def columns(lake: str, name: str) -> list[str]:
    return [field.name for field in DeltaTable(table_path(lake, name)).schema().fields]


def test_append_rows__come_back_as_they_were(lake: str) -> None:
    append_rows(lake, LOG, [build("a")])
    append_rows(lake, LOG, [build("b", published={})])
    rows = query_log(lake, LOG, "SELECT * FROM log ORDER BY run_id")
    assert [row | {"published": dict(row["published"])} for row in rows] == [build("a"), build("b", published={})]
    assert table_version(lake, LOG) == 2


def test_query_log__a_table_that_does_not_exist_has_no_rows(lake: str) -> None:
    assert query_log(lake, LOG, "SELECT * FROM log") == []
    assert table_version(lake, LOG) is None


def test_query_log__a_column_that_the_table_does_not_have_yet_is_null(lake: str) -> None:
    contract = load_contract(LOG)
    older = replace(contract, columns=tuple(column for column in contract.columns if column.name != "planned_at"))
    row = build("a", planned_at=None)
    write_deltalake(open_table(lake, older), pa.Table.from_pylist([row], arrow_schema(older)), mode="append")
    assert query_log(lake, LOG, "SELECT run_id, planned_at FROM log") == [{"run_id": "a", "planned_at": None}]


def test_query_log__binds_values(lake: str) -> None:
    append_rows(lake, LOG, [build("it's"), build("other")])
    assert query_log(lake, LOG, "SELECT run_id FROM log WHERE run_id = $run_id", {"run_id": "it's"}) == [{"run_id": "it's"}]


def test_open_table__a_table_that_lacks_a_column_of_its_contract_gets_it(lake: str) -> None:
    contract = load_contract("silver.interactions")
    open_table(lake, replace(contract, columns=contract.columns[:-1]))
    assert contract.columns[-1].name not in columns(lake, contract.name)
    open_table(lake, contract)
    assert columns(lake, contract.name) == list(contract.column_names)


def test_open_table__lays_days_apart_and_keeps_a_week_of_versions(lake: str) -> None:
    metadata = open_table(lake, load_contract("silver.sessions")).metadata()
    assert metadata.partition_columns == ["event_date"]
    assert metadata.configuration["delta.deletedFileRetentionDuration"] == "interval 7 days"


def test_open_table__bounds_of_personal_data_never_reach_the_log(lake: str) -> None:
    contract = load_contract("gold.user_daily")
    assert "viewer_id" in contract.key
    assert "viewer_id" not in open_table(lake, contract).metadata().configuration.get("delta.dataSkippingStatsColumns", "")


def test_open_table__a_log_can_only_grow(lake: str) -> None:
    append_rows(lake, LOG, [build("a")])
    with pytest.raises(DeltaError, match="append"):
        DeltaTable(table_path(lake, LOG)).delete()


def test_append_rows__a_commit_tells_how_far_its_source_was_read(lake: str) -> None:
    assert read_progress(lake, LOG, "topic/0") is None
    for next_offset in (7, 9):
        append_rows(lake, LOG, [build("a")], progress={"topic/0": next_offset})
    append_rows(lake, LOG, [build("a")])
    assert read_progress(lake, LOG, "topic/0") == 9
    assert read_progress(lake, LOG, "topic/1") is None


def test_merge_log__many_files_become_one_and_keep_rows_and_progress(lake: str) -> None:
    for number in range(6):
        append_rows(lake, LOG, [build("a")], progress={"topic/0": number})
    merge_log(lake, LOG)
    assert len(DeltaTable(table_path(lake, LOG)).file_uris()) == 1
    assert query_log(lake, LOG, "SELECT count(*) AS n FROM log") == [{"n": 6}]
    assert read_progress(lake, LOG, "topic/0") == 5


def test_merge_log__files_hold_neighbours_and_are_left_alone_once_they_are_large(lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve days, merged every night: whoever asks about a few runs opens few files, and no row is written again for ever."""
    monkeypatch.setattr(delta_table, "LOG_FILE_BYTES", 20_000)
    chance = Random(7)  # names that do not compress, and the same each time: how many files there are is a matter of their bytes
    oldest = set()
    for day in range(12):
        for run in range(FEW_FILES):
            append_rows(lake, LOG, [build(f"{day:02}-{run}-{number:02}-{chance.getrandbits(128):032x}") for number in range(20)])
        merge_log(lake, LOG)
        files = pa.table(DeltaTable(table_path(lake, LOG)).get_add_actions(flatten=True)).to_pylist()
        if day >= 6:
            oldest.add(min(files, key=lambda file: str(file["min.run_id"]))["path"])

    spans = sorted((file["min.run_id"], file["max.run_id"]) for file in files)
    assert len(spans) == 3
    assert all(last < first for (_, last), (first, _) in pairwise(spans)), "no two files hold the same time"
    assert len(oldest) == 1
