"""Gold into the embedded warehouse: facts of thirty days that it has never seen, in one load.

The figure is seconds: of ours the whole load (plan, export, staging, swap, reconciliation, dims); of the peer one
CREATE TABLE AS over the same files. `noop_s` is the load that follows, with nothing changed. Starts of servers count for nobody.

ours: `run_load` through the real connector and warehouse server. bare_duckdb: the engine under that server, bare; no reader is kept from
seeing half of it, and nothing is reconciled.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.gold_facts import FACTS, gold_lake
from benchmarks.harness import OURS, Bench, Contestant, Goal, Measurement, Report, digests_differ
from benchmarks.processes import run_process
from playhead.contracts.model import load_contract
from playhead.io.delta_table import table_path
from playhead.io.snowflake import fetch_rows, warehouse_connection
from playhead.jobs.load_warehouse import run_load
from playhead.local.processes import free_port, is_listening, running_process, wait_until
from playhead.settings import Settings
from playhead.warehouse.schema import warehouse_table

_WAREHOUSE_START_S = 60
_COPIED = "facts"
_HASHES = 2**31 - 1


@contextmanager
def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
    """The lake with `size` facts."""
    report(f"load: making {size:,} facts (kept for the next time)")
    lake = gold_lake(state_dir, size)
    yield [Contestant(OURS, partial(_load, lake)), Contestant("bare_duckdb", partial(_copy, lake))]


def _load(lake: Path, directory: Path) -> Measurement:
    with running_warehouse(directory) as settings, closing(warehouse_connection(settings)) as connection:
        began = time.monotonic()
        run_load(connection, lake=str(lake), export_root=directory / "export", run_id="first")
        seconds = time.monotonic() - began
        again = time.monotonic()
        run_load(connection, lake=str(lake), export_root=directory / "export", run_id="second")
        noop_s = time.monotonic() - again
        (produced,) = fetch_rows(connection, digest_sql(warehouse_table(FACTS)))
    return Measurement(seconds, {name.lower(): int(value) for name, value in produced.items()}, {"noop_s": round(noop_s, 3)})


def _copy(lake: Path, directory: Path) -> Measurement:
    database = directory / "bare.duckdb"
    command = ["-m", "benchmarks.peers.bare_duckdb", "--table", table_path(str(lake), FACTS), "--name", _COPIED]
    seconds = json.loads(run_process([*command, "--database", str(database)], directory).output)["seconds"]
    with closing(duckdb.connect(database, read_only=True)) as connection:
        rows, digest = connection.execute(digest_sql(_COPIED)).fetchall()[0]
    return Measurement(seconds, {"rows": int(rows), "digest": int(digest)})


def digest_sql(table: str) -> str:
    """Rows, and a sum of a hash of each, in words that both engines know: columns as text, for their types differ; hashes that add up."""
    texts = ", ".join(f"{column.name}::VARCHAR" for column in load_contract(FACTS).columns)
    row = f"CONCAT_WS('|', {texts})"
    return f'SELECT COUNT(*) AS "ROWS", SUM((HASH({row}) % {_HASHES})::BIGINT) AS DIGEST FROM {table}'


@contextmanager
def running_warehouse(directory: Path) -> Iterator[Settings]:
    """The stack's warehouse process with a state directory of its own."""
    own = Settings(state_dir=directory)
    settings = own.model_copy(update={"port_base": free_port() - (own.port("warehouse") - own.port_base)})
    port, log = settings.port("warehouse"), directory / "warehouse.log"
    env = {"PLAYHEAD_STATE_DIR": str(directory), "PLAYHEAD_PORT_BASE": str(settings.port_base)}
    with running_process([sys.executable, "-m", "playhead.local.warehouse_server"], env, directory, log) as process:
        wait_until(lambda: is_listening(port), lambda: process.poll() is None, "the warehouse", log, _WAREHOUSE_START_S)
        yield settings


BENCH = Bench(
    name="load",
    unit="s",
    goal=Goal(
        "at most 1.25 times as long as bare_duckdb; a load with nothing changed at most 0.5 s",
        {"bare_duckdb": 1.25},
        "lower",
        at_most={"noop_s": 0.5},
    ),
    size=10_000_000,
    prepare=prepare,
    difference=digests_differ,
)
