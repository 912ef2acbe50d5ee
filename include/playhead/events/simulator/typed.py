"""Events of one type in columns, between the simulated day and their bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TypedEvents:
    """Events of one type. `envelope` is a row of the day's envelope table, `held_ms` how long the client kept the event before sending
    (a request is reported once its startup time is known), `parts` are columns of JSON members, each with its leading comma.
    """

    event_type: str
    session: NDArray[np.int64]
    envelope: NDArray[np.int64]
    at_ms: NDArray[np.int64]
    held_ms: NDArray[np.int64]
    parts: tuple[pa.Array, ...]

    def take(self, rows: NDArray[np.int64]) -> TypedEvents:
        """Those rows."""
        return TypedEvents(
            self.event_type,
            self.session[rows],
            self.envelope[rows],
            self.at_ms[rows],
            self.held_ms[rows],
            tuple(part.take(pa.array(rows)) for part in self.parts),
        )


def no_hold(at_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Events that are sent at once."""
    return np.zeros(len(at_ms), np.int64)
