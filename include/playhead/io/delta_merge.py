"""A small Delta table whose rows change while their hour is new: one writer merges whole rows into it, by their key.

A merge rewrites the files that hold rows it changes, so a table's directories are its hours, and a commit costs what an hour holds. A
commit carries a transaction (application id, number), by which work done again after a crash is seen to be there already.
"""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
from deltalake import DeltaTable, WriterProperties
from deltalake.transaction import CommitProperties, Transaction

from playhead.contracts.derive import arrow_schema
from playhead.contracts.shapes import Contract
from playhead.io.delta_table import table_path
from playhead.io.filesystem import object_store_uri

_HOUR = "event_hour"
_READ_FOR = "interval 1 hours"  # a file that is replaced every few seconds is kept as long as a reader may need it
_PROPERTIES = {
    "delta.deletedFileRetentionDuration": _READ_FOR,
    "delta.logRetentionDuration": "interval 1 days",
    "delta.checkpointInterval": "100",
}


class MergedTable:
    """The table as its one writer sees it; created in its contract's shape where there is none."""

    def __init__(self, lake: str, contract: Contract) -> None:
        self._contract = contract
        self._table = DeltaTable.create(
            object_store_uri(table_path(lake, contract.name)),
            schema=arrow_schema(contract),
            mode="ignore",
            partition_by=[_HOUR],
            configuration=_PROPERTIES | {"delta.dataSkippingStatsColumns": ",".join(contract.key)},
        )

    def committed(self, application: str) -> int | None:
        """The newest transaction number that an application has committed, None where it has committed nothing."""
        number: int | None = self._table.transaction_version(application)
        return number

    def merge(self, rows: pa.Table, application: str, number: int) -> None:
        """Rows in the place of those with their key, in one commit. Of each key there must be one row."""
        hours = ", ".join(f"'{hour:%Y-%m-%d %H:%M:%S}'" for hour in sorted(set(rows[_HOUR].to_pylist())))
        same_key = " AND ".join(f"held.{name} = new.{name}" for name in self._contract.key)
        merger = self._table.merge(
            rows,
            f"held.{_HOUR} IN ({hours}) AND held.{_HOUR} = new.{_HOUR} AND {same_key}",
            source_alias="new",
            target_alias="held",
            writer_properties=WriterProperties(compression="ZSTD"),
            commit_properties=CommitProperties(app_transactions=[Transaction(application, number)]),
        )
        merger.when_matched_update_all().when_not_matched_insert_all().execute()

    def tidy(self, oldest: datetime) -> None:
        """Removes the hours before `oldest`, and files that no version needs which the table still retains."""
        self._table.delete(f"{_HOUR} < '{oldest:%Y-%m-%d %H:%M:%S}'")
        self._table.vacuum(dry_run=False, full=True)
