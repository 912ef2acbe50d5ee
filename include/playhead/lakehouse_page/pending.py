"""Which event hours have landed and wait for the next build, so that the page does not call them missing."""

from __future__ import annotations

from collections.abc import Iterable

from playhead.contracts.shapes import Partition
from playhead.io.delta_table import table_version
from playhead.io.partitions import partition_keys
from playhead.io.touched_hours import read_touched_hours
from playhead.jobs.published import read_cursor

MOST_COMMITS = 1000  # of bronze since the last build: what more of them tell would keep the page waiting


def read_pending(lake: str) -> frozenset[str]:
    """Keys of the hours that the last pull build left for the next one, and of those that landed since, by the newest commits."""
    cursor, newest = read_cursor(lake), table_version(lake, "bronze.events")
    if newest is None:
        return frozenset(cursor.pending_hours)
    landed = read_touched_hours(lake, "bronze.events", after=max(cursor.bronze_version, newest - MOST_COMMITS), upto=newest)
    return frozenset(cursor.pending_hours) | frozenset(landed or ())


def pending_keys(hours: Iterable[str], partition: Partition) -> frozenset[str]:
    """The partitions of a table that pending hours lie in."""
    return frozenset(partition_keys(hours, partition))
