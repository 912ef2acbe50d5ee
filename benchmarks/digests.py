"""Whether contestants hold the same tables: every column of every row, whatever files and order they lie in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from benchmarks.peers.duckdb_gold import duckdb_type
from playhead.contracts.model import load_contract

Digest = tuple[int, int]


def digest(table: str, files: Sequence[str], where: str = "true") -> Digest:
    """Rows of a table in these files, and a sum of a hash of each in its contract's types."""
    typed = ", ".join(f"{c.name}::{duckdb_type(c.type)}" for c in load_contract(table).columns)
    hashed = f"SELECT count(*), coalesce(sum(hash({typed})::HUGEINT), 0)"
    rows, total = duckdb.execute(f"{hashed} FROM read_parquet({list(files)}, union_by_name = true) WHERE {where}").fetchall()[0]
    return rows, int(total)


def unequal_tables(tables: Sequence[str], produced: Mapping[str, Mapping[str, Digest]]) -> str | None:
    """Which of these tables are empty, or unequal between contestants."""
    by_table = {table: {name: found[table] for name, found in produced.items()} for table in tables}
    empty = [table for table, found in by_table.items() if not all(rows for rows, _ in found.values())]
    if empty:
        return f"{', '.join(empty)} came out empty"
    unequal = {table: found for table, found in by_table.items() if len(set(found.values())) > 1}
    return f"rows differ (count, digest): {unequal}" if unequal else None
