"""JSON text in columns: how simulated values become the bytes of events without a Python loop over events."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint8).reshape(256, 2)
_TWO_DIGITS = np.frombuffer("".join(f"{n:02d}" for n in range(60)).encode(), np.uint8).reshape(60, 2)
_THREE_DIGITS = np.frombuffer("".join(f"{n:03d}" for n in range(1000)).encode(), np.uint8).reshape(1000, 3)
_UUID_DIGITS = [*range(8), *range(9, 13), *range(14, 18), *range(19, 23), *range(24, 36)]
_UUID_DASHES = [8, 13, 18, 23]


def tokens(values: Iterable[Any]) -> pa.Array:
    """A vocabulary as JSON tokens (`"tv"`, `12`), to be taken from by index."""
    return pa.array([json.dumps(value, ensure_ascii=False) for value in values], pa.string())


def members(rows: Iterable[dict[str, Any]]) -> pa.Array:
    """JSON objects without their braces (`"a":1,"b":"x"`), one per row; absent (None) members are left out."""
    dumped = (json.dumps({k: v for k, v in row.items() if v is not None}, ensure_ascii=False, separators=(",", ":"))[1:-1] for row in rows)
    return pa.array(dumped, pa.string())


def join(*parts: Any) -> pa.Array:
    """Row-wise concatenation of columns and constants; a null part adds nothing."""
    scalars = [pa.scalar(part) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*scalars, "", null_handling="skip")


def member(name: str, values: Any) -> pa.Array:
    """`,"name":value` per row, null where the value is null. Numbers and booleans become JSON; strings are JSON tokens already."""
    column = values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values)
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    return pc.binary_join_element_wise(f',"{name}":', column, "", null_handling="emit_null")


def quoted(values: pa.Array) -> pa.Array:
    """Plain ASCII text as JSON string tokens."""
    return pc.binary_join_element_wise('"', values, '"', "")


def instants(epoch_ms: NDArray[np.int64]) -> pa.Array:
    """ISO-8601 UTC with milliseconds and Z, as JSON tokens. From digit tables: 4 times faster than Arrow's cast of timestamps."""
    count = len(epoch_ms)
    day, in_day = np.divmod(epoch_ms, 86_400_000)
    if count == 0:
        return pa.array([], pa.string())
    first_day = int(day.min())
    span = int(day.max()) - first_day + 1
    dates = np.datetime_as_string(np.arange(first_day, first_day + span).astype("datetime64[D]")).astype("S10")
    text = np.empty((count, 26), np.uint8)
    text[:] = np.frombuffer(b'"0000-00-00T00:00:00.000Z"', np.uint8)
    text[:, 1:11] = dates.view(np.uint8).reshape(span, 10)[day - first_day]
    for place, unit in ((12, 3_600_000), (15, 60_000), (18, 1000)):
        text[:, place : place + 2] = _TWO_DIGITS[in_day // unit % (24 if unit == 3_600_000 else 60)]
    text[:, 21:24] = _THREE_DIGITS[in_day % 1000]
    return fixed_width(text)


def seconds(milliseconds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Milliseconds as seconds; three decimals, so that readers get the same milliseconds back."""
    return np.round(milliseconds / 1000.0, 3)


def nullable(values: NDArray[Any], present: NDArray[np.bool_]) -> pa.Array:
    """A column that is null where `present` is false."""
    return pa.array(values, mask=~present)


def fixed_width(text: NDArray[np.uint8]) -> pa.Array:
    """Rows of ASCII bytes as strings."""
    count, width = text.shape
    offsets = np.arange(0, width * (count + 1), width, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text.tobytes()))


def uuids(random: np.random.Generator, count: int) -> pa.Array:
    """Version 4 UUIDs in lower case from the given random stream."""
    raw = np.frombuffer(random.bytes(16 * count), np.uint8).reshape(count, 16).copy()
    raw[:, 6] = (raw[:, 6] & 0x0F) | 0x40
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
    text = np.empty((count, 36), np.uint8)
    text[:, _UUID_DIGITS] = _HEX[raw].reshape(count, 32)
    text[:, _UUID_DASHES] = ord("-")
    return fixed_width(text)


def numbered(prefix: str, count: int, width: int = 6) -> pa.Array:
    """`prefix` followed by 0, 1, 2 … in `width` digits."""
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(pa.array(np.arange(count)).cast(pa.string()), width, "0"), "")


def pick(vocabulary: pa.Array, count: int, random: np.random.Generator) -> pa.Array:
    """`count` words of a vocabulary, each as likely as the others."""
    return vocabulary.take(pa.array(random.integers(0, len(vocabulary), count)))
