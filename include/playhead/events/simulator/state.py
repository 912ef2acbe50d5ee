"""What a simulation remembers between runs: its anchor day and dials, fixed at the first run, and what it amounted to once generated."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from playhead.errors import SettingsError
from playhead.events.simulator.options import SimulationOptions


@dataclass(slots=True)
class KeptSimulation:
    """The contents of simulation.json. `records` is 0 until the simulation has once been generated to its end."""

    options: SimulationOptions
    anchor: date
    records: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    event_types: dict[str, int] = field(default_factory=dict)

    @property
    def first_day(self) -> date:
        """The first simulated day."""
        return self.anchor - timedelta(days=self.options.days - 1)


def simulator_dir(home: Path) -> Path:
    """Where simulation.json and truth.parquet are."""
    return home / "simulator"


def recall(home: Path, options: SimulationOptions, now_day: date) -> KeptSimulation:
    """The kept simulation, or a new one whose last day is the last complete UTC day before `now_day`.

    Raises:
        SettingsError: another simulation is kept here; the message names the dials that differ.
    """
    path = _path(home)
    if not path.is_file():
        kept = KeptSimulation(options, now_day - timedelta(days=1))
        keep(home, kept)
        return kept
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    differences = options.differences(content["options"])
    if differences:
        raise SettingsError(
            f"{path} keeps a simulation with other options ({'; '.join(differences)}); repeat the kept"
            " ones, or use another PLAYHEAD_STATE_DIR"
        )
    anchor = date.fromisoformat(content["anchor"])
    return KeptSimulation(options, anchor, content["records"], content["kinds"], content["event_types"])


def keep(home: Path, kept: KeptSimulation) -> None:
    """Writes simulation.json, whole or not at all."""
    path = _path(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "note": "Synthetic events. The anchor is the last simulated day; it was fixed at the first run.",
        "anchor": kept.anchor.isoformat(),
        "first_day": kept.first_day.isoformat(),
        "producer_id": kept.options.producer_id,
        "options": kept.options.as_dict(),
        "records": kept.records,
        "kinds": kept.kinds,
        "event_types": kept.event_types,
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    partial.replace(path)


def _path(home: Path) -> Path:
    return simulator_dir(home) / "simulation.json"
