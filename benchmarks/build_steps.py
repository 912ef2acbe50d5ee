"""A build of the batch engine, step by step and by the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead.jobs.gate import gate_phase
from playhead.jobs.publish import publish_phase
from playhead.jobs.stage import stage_phase

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_STEPS: dict[str, Callable[..., Any]] = {"stage_s": stage_phase, "gate_s": gate_phase, "publish_s": publish_phase}


def timed_phases(spark: SparkSession, lake: Path, run_id: str, phases: Sequence[str]) -> dict[str, float]:
    """Build these phases of a planned run; seconds of all their stages, gates and publishes."""
    took = dict.fromkeys(_STEPS, 0.0)
    for phase in phases:
        for name, step in _STEPS.items():
            began = time.monotonic()
            step(spark, str(lake), run_id, phase)
            took[name] += time.monotonic() - began
    return {name: round(seconds, 2) for name, seconds in took.items()}
