"""What V_PLATFORM_QUALITY calls the ratios; the oracle's view has the same columns as the warehouse's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def ratios_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The ratios of a row by the names of the cases: seconds where the view has milliseconds."""
    told = {name.lower(): value for name, value in row.items()}
    return told | {f"{name.removesuffix('_ms')}_s": value and value / 1000 for name, value in told.items() if name.endswith("_ms")}
