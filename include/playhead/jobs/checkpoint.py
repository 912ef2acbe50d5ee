"""Is the checkpoint of `ingest` the one that belongs to bronze.events? Asked before the query starts, because a wrong answer is silent.

The checkpoint says which offsets each batch holds; the table says, in its transaction log, which batch of which query landed last. A
checkpoint that is gone would land every record again; one that is older than the table, or of another table, would skip records, since
Delta leaves out a batch number it has seen.
"""

from __future__ import annotations

import json
from pathlib import Path

from deltalake import DeltaTable

from playhead.errors import StackError


def require_checkpoint(checkpoint: str, table: str) -> None:
    """Refuses to start on a checkpoint that does not continue the table. On an object store nothing is checked.

    Raises:
        StackError: the checkpoint is gone, older than the table, or of another table; the message says what to do.
    """
    if "://" in checkpoint or "://" in table:
        return
    directory, delta = Path(checkpoint), DeltaTable(table)
    if not (directory / "metadata").is_file():
        if delta.file_uris():
            raise StackError(
                f"bronze.events has rows but {checkpoint}/metadata is gone: starting would land every record of Kafka again; "
                f"restore the checkpoint from a backup, or move {table} and {checkpoint} away to land everything anew"
            )
        return
    query = json.loads((directory / "metadata").read_text(encoding="utf-8"))["id"]
    landed = delta.transaction_version(query)
    if landed is None and _last_batch(directory, "commits") >= 0:
        raise StackError(
            f"{checkpoint} belongs to another table than {table}, which knows no batch of query {query}: starting would skip what "
            f"that query has read; restore the table it belongs to, or move {table} and {checkpoint} away to land everything anew"
        )
    if landed is not None and _last_batch(directory, "offsets") < landed:
        raise StackError(
            f"{checkpoint} ends at batch {_last_batch(directory, 'offsets')} but bronze.events has landed batch {landed}: starting would "
            f"skip the records of as many batches; restore the newest checkpoint, or move {table} and {checkpoint} away to land everything anew"
        )


def _last_batch(checkpoint: Path, log: str) -> int:
    """Number of the newest batch in the checkpoint's `offsets` (planned) or `commits` (done) log; -1 where there is none."""
    return max((int(path.name) for path in (checkpoint / log).glob("[0-9]*") if path.name.isdigit()), default=-1)
