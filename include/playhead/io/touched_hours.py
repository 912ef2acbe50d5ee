"""Which event hours the commits of a table touch: each commit tells it, so that a build finds its hours without reading a row.

At any scale a commit is a small document, and what thousands of them tell is read in a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from playhead.io.delta_table import find_table
from playhead.io.partitions import hour_keys, merge_ranges

_NAME = "playhead.touched_hours"
# Commits that add no row; any other that does not tell its hours may have touched all of them.
_ADDS_NOTHING = frozenset(
    {"CREATE TABLE", "OPTIMIZE", "VACUUM START", "VACUUM END", "ADD COLUMN", "ADD COLUMNS", "SET TBLPROPERTIES", "UPDATE TABLE METADATA"}
)


def touched_metadata(hours: Iterable[str]) -> dict[str, str]:
    """What a commit carries to tell the hours (their keys) of its rows; neighbours are told as one range."""
    return {_NAME: json.dumps(merge_ranges(hours))}


def read_touched_hours(lake: str, name: str, *, after: int, upto: int) -> set[str] | None:
    """Keys of the hours that the versions (after, upto] of a table touched; None where one of them does not tell, or is forgotten."""
    table = find_table(lake, name)
    if table is None:
        return set()
    commits = [commit for commit in table.history(limit=int(table.version()) - after) if after < commit["version"] <= upto]
    if len(commits) < upto - after:
        return None
    hours: set[str] = set()
    for commit in commits:
        told = commit.get(_NAME)
        if told is None:
            if commit["operation"] in _ADDS_NOTHING:
                continue
            return None
        hours.update(key for start, end in json.loads(told) for key in hour_keys(start, end))
    return hours
