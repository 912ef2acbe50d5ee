"""bronze.events, by its change feed: each look reads two columns of the versions that came since the last one, and no file twice."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from playhead.errors import StackError
from playhead.io.delta_table import find_table
from playhead.observability import metrics as m

# At two commits a second this is more than a minute: scrapes every 15 s see every version, also after a few were missed.
MOST_VERSIONS = 150
_BOUNDS_S = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600)
_COLUMNS = ["rejected_because", "kafka_timestamp", "_commit_timestamp"]
_MICROSECONDS = 1_000_000


@dataclass
class BronzeChanges:
    """Counts what lands from the first look on, as a counter of a process does; merged files are no news to it."""

    lake: str
    _table: DeltaTable | None = None
    _seen: int | None = None
    _newest_record: float | None = None
    _records_rejected: int = 0
    _passed_over: int = 0
    _reasons: m.Tally = field(default_factory=m.Tally)
    _visible_after: m.Distribution = field(default_factory=lambda: m.Distribution(_BOUNDS_S))

    def read(self) -> m.Readings:
        """What bronze holds now, and has counted up to now.

        Raises:
            StackError: nothing has landed in this lake yet.
        """
        version = self._catch_up()
        now = time.time()
        values: dict[m.Metric, float | m.Distribution] = {
            m.BRONZE_VERSION: version,
            m.COMMIT_AGE: now - self._committed_at(),
            m.VISIBLE_AFTER: self._visible_after,
            m.RECORDS_REJECTED: self._records_rejected,
            m.VERSIONS_PASSED_OVER: self._passed_over,
        }
        if self._newest_record is not None:
            values[m.NEWEST_RECORD_AGE] = now - self._newest_record
        return {**{metric: {(): value} for metric, value in values.items()}, m.REJECTIONS: dict(self._reasons.counts)}

    def _catch_up(self) -> int:
        """Counts the versions since the last look, at most the newest MOST_VERSIONS; returns the newest version."""
        if self._table is None:
            self._table = find_table(self.lake, "bronze.events")
            if self._table is None:
                self._seen = -1  # what lands first is counted too
                raise StackError(f"{self.lake} has no bronze.events yet; start the streaming app with `playhead up stream`")
        self._table.update_incremental()
        version = int(self._table.version())
        if self._seen is None:
            self._seen = version  # the first look at this table
        new = range(max(self._seen + 1, version - MOST_VERSIONS + 1), version + 1)
        # Passed over until they are read to their end: versions that fail half way are not read again, and so not counted twice.
        self._passed_over += version - self._seen
        self._seen = version
        if new:
            self._count(self._table, new.start, version)
        self._passed_over -= len(new)
        return version

    def _count(self, table: DeltaTable, first: int, last: int) -> None:
        for batch in pa.RecordBatchReader.from_stream(table.load_cdf(first, last, columns=_COLUMNS)):
            rejected = batch["rejected_because"]
            self._records_rejected += len(rejected) - rejected.null_count
            for reason in pc.value_counts(pc.list_flatten(rejected)).to_pylist():
                self._reasons.add(reason["values"], reason["counts"])
            taken = batch["kafka_timestamp"].cast(pa.int64()).to_numpy()
            shown = batch["_commit_timestamp"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
            # The two clocks are the broker's and the app's: a record is not visible before it is there.
            self._visible_after.add(np.maximum(shown - taken, 0) / _MICROSECONDS)
            self._newest_record = max(self._newest_record or 0.0, taken.max(initial=0) / _MICROSECONDS)

    def _committed_at(self) -> float:
        assert self._table is not None
        return float(self._table.history(1)[0]["timestamp"]) / 1000
