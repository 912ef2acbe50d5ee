"""A contract gains an optional field, and a value, while producers and the app run: old and new side by side, and no row is lost."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

import playhead
from playhead.local.processes import wait_until
from playhead.quality.accounting import take_accounts

pytestmark = [pytest.mark.spark, pytest.mark.slow]

FIELD = "launch_source"
GROUPS, SENT_AT_ONCE = 5, 20
_DEFINED = f'      - {{name: {FIELD}, physicalType: string, logicalType: string, description: "Where the visit began."}}\n'


class Rolling:
    """The app, builds and producers of this version and of the next one, on one lake."""

    def __init__(self, app: Any, remote: str, next_version: Path) -> None:
        self.app = app
        self.next = {"PYTHONPATH": str(next_version)}
        self._remote = remote
        self._sent = 0

    def send_side_by_side(self) -> None:
        """Producers of both versions, in turns."""
        for _ in range(GROUPS):
            numbers = range(self._sent, self._sent + SENT_AT_ONCE)
            self.app.send("old", [self.app.session_start(number) for number in numbers])
            new = {"schema_version": 2, FIELD: "notification"}
            self.app.send("new", [_with(self.app.session_start(500_000 + number), new) for number in numbers])
            self._sent += SENT_AT_ONCE

    def land_while_running(self, environment: dict[str, str]) -> None:
        """The app of a version runs while both send, and ends when it is asked to."""
        wanted = len(self.bronze()) + 2 * GROUPS * SENT_AT_ONCE
        log = self.app.home / "rolling.log"
        with log.open("a") as said:
            process = self.app.start(environment=environment, output=said)
        self.send_side_by_side()
        wait_until(lambda: len(self.bronze()) >= wanted, lambda: process.poll() is None, "the streaming app", log, 120)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    def playhead(self, environment: dict[str, str], *arguments: str) -> str:
        """What the command line of a version says."""
        command = [sys.executable, "-m", "playhead.cli", *arguments]
        variables = self.app.environment | {"PLAYHEAD_SPARK_REMOTE": self._remote} | environment
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
        return done.stdout

    def bronze(self) -> list[dict[str, Any]]:
        return self._rows("bronze/events")

    def silver(self) -> list[dict[str, Any]]:
        return self._rows("silver/session_events")

    def _rows(self, table: str) -> list[dict[str, Any]]:
        path = Path(self.app.lake) / table
        rows: pa.Table = DeltaTable(path).to_pyarrow_table() if (path / "_delta_log").is_dir() else pa.table({})
        return list(rows.to_pylist())


def _with(event: bytes, more: dict[str, Any]) -> bytes:
    return json.dumps(json.loads(event) | more).encode()


@pytest.fixture(scope="module")
def next_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This package, with contracts of the next version."""
    root = tmp_path_factory.mktemp("next")
    package = shutil.copytree(Path(playhead.__file__).parent, root / "playhead", ignore=shutil.ignore_patterns("__pycache__"))
    _change(package / "contracts/fields.yaml", "      # --- landing\n", _DEFINED + "      # --- landing\n")
    _change(package / "contracts/fields.yaml", "[{value: mobile},", "[{value: fridge}, {value: mobile},")
    for table in ("events", "silver"):
        contract = package / "contracts" / table / ("session.yaml" if table == "events" else "session_events.yaml")
        _change(contract, "    properties:\n", f"    properties:\n      - {{name: {FIELD}}}\n")
    return root


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def rolled(app: Any, spark_remote: str, next_version: Path) -> Rolling:
    """Producers of both versions, landed and built by this version and then by the next; 3 records are against this version's rules."""
    rolling = Rolling(app, spark_remote, next_version)
    app.send("fridges", [_with(app.session_start(900_000 + number), {"device_type": "fridge"}) for number in range(3)])
    app.land_all()
    rolling.land_while_running({})
    rolling.playhead({}, "build", "daily")
    rolling.land_while_running(rolling.next)
    rolling.playhead(rolling.next, "build", "daily")
    return rolling


def test_rolling__no_row_is_lost_and_both_versions_are_in_silver(rolled: Rolling) -> None:
    of_each = 2 * GROUPS * SENT_AT_ONCE
    landed = [row["producer_id"] for row in rolled.bronze() if row["rejected_because"] is None]
    assert (landed.count("old"), landed.count("new"), len(landed)) == (of_each, of_each, 2 * of_each)
    silver = [row["event_id"] for row in rolled.silver()]
    assert (len(silver), len(set(silver))) == (2 * of_each, 2 * of_each)
    assert take_accounts(rolled.app.lake, rolled.app.ledger).is_balanced


def test_rolling__the_new_field_is_a_column_from_the_new_app_on_and_null_for_old_producers(rolled: Rolling) -> None:
    """What the old app landed of it is in `extras`, as of any field that it does not know."""
    half = GROUPS * SENT_AT_ONCE
    accepted = [row for row in rolled.bronze() if row["rejected_because"] is None]
    told = Counter((row["producer_id"], row[FIELD], dict(row["extras"] or []).get(FIELD)) for row in accepted)
    assert told == {("old", None, None): 2 * half, ("new", None, '"notification"'): half, ("new", "notification", None): half}
    silver = [row[FIELD] for row in rolled.silver()]
    assert (silver.count(None), silver.count("notification")) == (3 * half, half)


def test_rolling__what_only_the_old_rule_refused_lands_once_when_it_is_replayed(rolled: Rolling) -> None:
    for sent in (3, 0):  # again: they have left the quarantine
        assert f"{sent} records sent again" in rolled.playhead(rolled.next, "quarantine", "replay", "--reason", "enum:device_type")
        rolled.app.land_all(rolled.next)
    rolled.playhead(rolled.next, "build", "daily")
    fridges = [row["event_id"] for row in rolled.silver() if row["device_type"] == "fridge"]
    assert (len(fridges), len(set(fridges))) == (3, 3)
    assert take_accounts(rolled.app.lake, rolled.app.ledger).quarantined == 0
