"""Whom a model was trained for, feature by feature: what the users of a later day are held against."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_TENTHS = 10


@dataclass(frozen=True, slots=True)
class FeatureBins:
    """Bins of one feature, and how many users fell in each. A value that lies on an edge is in the bin above it; one that is unknown has a
    bin of its own, the last.
    """

    name: str
    edges: tuple[float, ...]
    counts: tuple[int, ...] = ()

    @property
    def bins_count(self) -> int:
        """How many bins there are, that of the unknown too."""
        return len(self.edges) + 2

    def count(self, values: np.ndarray[Any, Any]) -> list[int]:
        """How many of some values fall in each bin."""
        import numpy as np

        bins = np.where(np.isnan(values), self.bins_count - 1, np.searchsorted(self.edges, values, side="right"))
        return [int(rows) for rows in np.bincount(bins, minlength=self.bins_count)]


@dataclass(frozen=True, slots=True)
class Reference:
    """The users whom a model was trained for. `as_of` is the last day that it was trained on, and theirs."""

    as_of: date
    features: tuple[FeatureBins, ...]

    def to_json(self) -> bytes:
        """As a file of the model."""
        return json.dumps(asdict(self) | {"as_of": self.as_of.isoformat()}, indent=1).encode()

    @classmethod
    def from_json(cls, document: bytes) -> Reference:
        """The inverse of to_json; a KeyError, TypeError or ValueError says that it is none."""
        told = json.loads(document)
        bins = (FeatureBins(each["name"], tuple(each["edges"]), tuple(each["counts"])) for each in told["features"])
        return cls(date.fromisoformat(told["as_of"]), tuple(bins))


def tenths(name: str, values: np.ndarray[Any, Any]) -> FeatureBins:
    """Bins that hold a tenth of the known values each; fewer where many of them are the same."""
    import numpy as np

    known = values[~np.isnan(values)]
    cuts = np.quantile(known, np.arange(1, _TENTHS) / _TENTHS, method="lower") if len(known) else np.array([])
    return FeatureBins(name, tuple(float(edge) for edge in np.unique(cuts)))
