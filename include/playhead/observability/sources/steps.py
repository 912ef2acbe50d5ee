"""Steps that are not done, by the attempts at them."""

from __future__ import annotations

from collections import Counter

from playhead.io.attempts import read_steps
from playhead.observability import metrics as m


def read_build_steps(lake: str) -> m.Readings:
    """How the last attempts go, and which steps were begun again."""
    steps: Counter[tuple[str, ...]] = Counter()
    repeated: Counter[tuple[str, ...]] = Counter()
    for step in read_steps(lake):
        dag = step.run.partition("__")[0]
        steps[dag, step.name, step.state] += 1
        repeated[dag, step.name] += step.attempts > 1
    return {m.STEPS: dict(steps), m.STEPS_REPEATED: dict(repeated)}
