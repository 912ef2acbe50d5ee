"""How a bench reads a table that a contestant left: speed from its log, rows from its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from benchmarks.bronze_table import Commit, commits, contents, coordinates, difference, warm_rate
from benchmarks.peers.python_consumer import bronze_schema, create_bronze


def _land(table: Path, *batches: list[dict[str, Any]]) -> Path:
    create_bronze(table)
    for rows in batches:
        whole = [{"topic": "session_events", "partition": 0, "landed_date": "2026-02-01"} | row for row in rows]
        columns = {f.name: pa.array([row.get(f.name) for row in whole]).cast(f.type) for f in bronze_schema()}
        write_deltalake(table, pa.table(columns, schema=bronze_schema()), mode="append")
    return table


def test_warm_rate_leaves_the_first_commit_out() -> None:
    # 300 + 300 records in 2 s; the first 1,000 came with the start.
    assert warm_rate([Commit(0, 1000), Commit(1000, 300), Commit(2000, 300)]) == 300


@pytest.mark.parametrize("landings", [[], [Commit(5, 10)]])
def test_one_commit_has_no_warm_rate(landings: list[Commit]) -> None:
    assert warm_rate(landings) is None


def test_commits_are_those_that_added_rows(tmp_path: Path) -> None:
    table = _land(tmp_path, [{"offset": 0}, {"offset": 1}], [{"offset": 2}])
    assert [commit.records for commit in commits(table)] == [2, 1]


def test_order_and_files_do_not_matter(tmp_path: Path) -> None:
    rows = [{"offset": 0, "event_id": "a"}, {"offset": 1, "event_id": "b"}, {"offset": 2, "rejected_because": ["x"]}]
    one, other = _land(tmp_path / "one", rows), _land(tmp_path / "other", rows[2:], rows[1::-1])
    produced = {"ours": coordinates(one) | contents(one), "peer": coordinates(other) | contents(other)}
    assert produced["ours"]["rejected"] == 1
    assert difference(produced, 3) is None


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        pytest.param([{"offset": 0, "event_id": "a"}], "peer holds 1 rows", id="lost"),
        pytest.param([{"offset": 0, "event_id": "a"}] * 2, "peer holds 2 rows of 1 records", id="doubled"),
        pytest.param([{"offset": 0, "event_id": "a"}, {"offset": 5, "event_id": "b"}], "coordinates differ", id="other record"),
        pytest.param([{"offset": 0, "event_id": "a"}, {"offset": 1, "event_id": "c"}], "accepted differ", id="other value"),
        pytest.param([{"offset": 0, "event_id": "a"}, {"offset": 1, "rejected_because": ["x"]}], "rejected differ", id="other verdict"),
    ],
)
def test_unequal_rows_are_told(tmp_path: Path, rows: list[dict[str, Any]], told: str) -> None:
    ours = _land(tmp_path / "ours", [{"offset": 0, "event_id": "a"}, {"offset": 1, "event_id": "b"}])
    peer = _land(tmp_path / "peer", rows)
    said = difference({name: coordinates(t) | contents(t) for name, t in {"ours": ours, "peer": peer}.items()}, 2)
    assert said is not None
    assert said.startswith(told)


def test_other_reasons_of_a_rejection_are_told_whatever_their_order(tmp_path: Path) -> None:
    reasons = {"ours": ["x", "y"], "same": ["y", "x"], "other": ["x", "z"]}
    tables = {name: _land(tmp_path / name, [{"offset": 0, "rejected_because": given}]) for name, given in reasons.items()}
    produced = {name: coordinates(table) | contents(table) for name, table in tables.items()}
    assert difference({name: produced[name] for name in ("ours", "same")}, 1) is None
    assert (difference({name: produced[name] for name in ("ours", "other")}, 1) or "").startswith("reasons differ")


def test_files_that_were_only_merged_land_nothing(tmp_path: Path) -> None:
    table = _land(tmp_path, [{"offset": 0}], [{"offset": 1}])
    DeltaTable(table).optimize.compact()
    assert [commit.records for commit in commits(table)] == [1, 1]
