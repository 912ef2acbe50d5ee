"""What the bench `load` loads, and when it refuses its figures."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable

from benchmarks.gold_facts import DAYS, FACTS, gold_lake
from benchmarks.load import digest_sql
from benchmarks.peers.bare_duckdb import create_table
from playhead.contracts.model import load_contract
from playhead.io.delta_table import table_path
from playhead.warehouse.plan import plan_loads


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gold_lake(tmp_path_factory.mktemp("state"), 1_000)


def test_every_day_is_to_be_loaded_and_keys_are_unique(lake: Path) -> None:
    (load,) = plan_loads(str(lake), {})
    assert (load.name, len(load.partitions)) == (FACTS, DAYS)
    files = DeltaTable(table_path(str(lake), FACTS)).file_uris()
    key = ", ".join(load_contract(FACTS).key)
    assert duckdb.execute(f"SELECT count(*), count(DISTINCT ({key})) FROM read_parquet({files})").fetchall() == [(1_000, 1_000)]


def test_facts_are_made_once(lake: Path) -> None:
    before = sorted(path.stat().st_mtime_ns for path in lake.rglob("*.parquet"))
    gold_lake(lake.parent, 1_000)
    assert sorted(path.stat().st_mtime_ns for path in lake.rglob("*.parquet")) == before


def test_a_changed_value_changes_the_digest(lake: Path, tmp_path: Path) -> None:
    create_table(tmp_path / "bare.duckdb", Path(table_path(str(lake), FACTS)), "facts")
    with closing(duckdb.connect(tmp_path / "bare.duckdb")) as connection:
        before = connection.execute(digest_sql("facts")).fetchall()[0]
        connection.execute(
            "UPDATE facts SET plays_count = plays_count + 1 WHERE viewer_id = 'bench-viewer-00000003' AND day(event_date) = 2"
        )
        after = connection.execute(digest_sql("facts")).fetchall()[0]
    assert before[0] == after[0] == 1_000
    assert before[1] != after[1]
