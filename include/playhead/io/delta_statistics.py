"""What a table's log tells about a file, in the words of the Delta protocol."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any


def statistics_json(rows: int, column: str | None = None, nulls: int = 0, values: Collection[datetime] = ()) -> str:
    """Rows of a file and, of one time column, the NULLs and the bounds of the values given."""
    told: dict[str, Any] = {"numRecords": rows}
    if column is not None:
        told["nullCount"] = {column: nulls}
        if values:
            told["minValues"] = {column: _instant(min(values))}
            told["maxValues"] = {column: _instant(max(values))}
    return json.dumps(told)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
