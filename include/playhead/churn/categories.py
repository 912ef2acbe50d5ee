"""The risk category follows from the calibrated probability, and from nothing else."""

from __future__ import annotations

# At least this probability: one in two leaves, one in four, one in eight; below that the user is healthy.
CATEGORY_THRESHOLDS: tuple[tuple[float, str], ...] = ((0.5, "High"), (0.25, "Medium"), (0.125, "Low"))
HEALTHY = "Healthy"
