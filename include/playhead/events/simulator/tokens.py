"""JSON text in columns: how simulated values become the bytes of events without a Python loop over events."""

from __future__ import annotations

import json
from binascii import hexlify
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# Looked up as a whole: every second of a day, every millisecond of a second.
_CLOCK = np.array([f"{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}" for n in range(86_400)], "S8")
_MILLISECONDS = np.array([f".{n:03d}" for n in range(1000)], "S4")
# The places of what changes within a token of an instant.
_INSTANT = np.dtype({"names": ["clock", "milliseconds"], "formats": ["S8", "S4"], "offsets": [12, 20], "itemsize": 26})
_UUID_DIGITS = np.dtype([("a", "S8"), ("b", "S4"), ("c", "S4"), ("d", "S4"), ("e", "S12")])
_UUID = np.dtype([(name, f"S{length}") for name, length in zip("a1b2c3d4e", (8, 1, 4, 1, 4, 1, 4, 1, 12), strict=True)])


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
    """ISO-8601 UTC with milliseconds and Z, as JSON tokens. From tables: many times faster than Arrow's cast of timestamps."""
    if len(epoch_ms) == 0:
        return pa.array([], pa.string())
    seconds, milliseconds = np.divmod(epoch_ms, 1000)
    day, second = np.divmod(seconds, 86_400)
    first_day = int(day.min())
    days = np.arange(first_day, int(day.max()) + 1).astype("datetime64[D]")
    text = np.array([f'"{day}T00:00:00.000Z"' for day in days], "S26")[day - first_day]
    places = text.view(_INSTANT)
    places["clock"], places["milliseconds"] = _CLOCK[second], _MILLISECONDS[milliseconds]
    return fixed_width(text)


def seconds(milliseconds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Milliseconds as seconds; three decimals, so that readers get the same milliseconds back."""
    return np.round(milliseconds / 1000.0, 3)


def nullable(values: NDArray[Any], present: NDArray[np.bool_]) -> pa.Array:
    """A column that is null where `present` is false."""
    return pa.array(values, mask=~present)


def fixed_width(text: NDArray[Any]) -> pa.Array:
    """Items of ASCII bytes, all of one length, as strings."""
    count, width = len(text), text.dtype.itemsize
    offsets = np.arange(0, width * (count + 1), width, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text))


def uuids(random: np.random.Generator, count: int) -> pa.Array:
    """Version 4 UUIDs in lower case from the given random stream."""
    raw = np.frombuffer(random.bytes(16 * count), np.uint8).reshape(count, 16).copy()
    raw[:, 6] = (raw[:, 6] & 0x0F) | 0x40
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
    digits = np.frombuffer(hexlify(raw.data), _UUID_DIGITS)
    text = np.empty(count, _UUID)
    for name in _UUID_DIGITS.names or ():
        text[name] = digits[name]
    for dash in "1234":
        text[dash] = b"-"
    return fixed_width(text)


def numbered(prefix: str, count: int, width: int = 6) -> pa.Array:
    """`prefix` followed by 0, 1, 2 … in `width` digits."""
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(pa.array(np.arange(count)).cast(pa.string()), width, "0"), "")


def pick(vocabulary: pa.Array, count: int, random: np.random.Generator) -> pa.Array:
    """`count` words of a vocabulary, each as likely as the others."""
    return vocabulary.take(pa.array(random.integers(0, len(vocabulary), count)))
