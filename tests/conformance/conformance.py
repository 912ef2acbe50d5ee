"""The conformance cases as any engine gets them: whole events in order of arrival, and what must come out (README.md).

for case in load_cases():
    told = my_engine(raw_events(case))
    assert not disagreements(told, case.play)
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

HOME = Path(__file__).parent
# Expected numbers are written to three decimals.
TOLERANCE = 0.0005


@dataclass(frozen=True)
class Case:
    """Events in, expected out: facts of the case's one play, and ratios over all of its plays."""

    name: str
    source: str
    events: list[dict[str, Any]]
    starts_at: str = ""
    play: dict[str, Any] = field(default_factory=dict)
    ratios: dict[str, Any] = field(default_factory=dict)

    @property
    def start(self) -> datetime:
        """The moment that the events' seconds count from."""
        return datetime.fromisoformat(self.starts_at or _defaults()["starts_at"])


def load_cases() -> list[Case]:
    """All cases, by file and place."""
    return [Case(**told) for path in sorted((HOME / "cases").glob("*.yaml")) for told in yaml.safe_load(path.read_text(encoding="utf-8"))]


def raw_events(case: Case) -> list[dict[str, Any]]:
    """The case's events with every field that an event must have, in order of arrival.

    Ids carry the name of the case, and `player` is that name: so all cases can go through an engine at once and be told apart after.
    """
    return [_whole(case, place, told) for place, told in enumerate(case.events)]


def write_events(path: Path) -> Path:
    """The events of all cases as one file of JSON lines; gives back its path."""
    path.write_text("\n".join(json.dumps(event) for case in load_cases() for event in raw_events(case)), encoding="utf-8")
    return path


def disagreements(found: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What an engine found otherwise: name -> (found, expected)."""
    return {name: (found[name], value) for name, value in expected.items() if not _is_equal(found[name], value)}


def _whole(case: Case, place: int, told: Mapping[str, Any]) -> dict[str, Any]:
    moment = (case.start + timedelta(seconds=told["at"])).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {**_defaults()["every_event"], **_defaults()["of_type"].get(told["event_type"], {}), **told}
    del event["at"]
    return event | {
        "event_id": str(uuid5(NAMESPACE_URL, f"{case.name}/{told.get('event_id', place)}")),
        "playback_id": "/".join(filter(None, (case.name, told.get("playback_id")))),
        "event_timestamp": moment,
        "received_at": moment,
        "player": case.name,
    }


@cache
def _defaults() -> dict[str, Any]:
    defaults: dict[str, Any] = yaml.safe_load((HOME / "defaults.yaml").read_text(encoding="utf-8"))
    return defaults


def _is_equal(found: Any, expected: Any) -> bool:
    if found is None or expected is None or isinstance(expected, str):
        return bool(found == expected)
    return math.isclose(found, expected, rel_tol=0, abs_tol=TOLERANCE)
