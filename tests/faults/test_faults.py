"""The fault matrix: its verdicts, and a few faults for real; `make faults` runs all of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
import yaml

from benchmarks.processes import ROOT, environment
from faults.__main__ import PAGE
from faults.broker import Broker
from faults.changes import GUARDS
from faults.model import Outcome, StoppedError
from faults.page import is_proven, render, summarise, write_page
from faults.registry import FAULTS
from faults.scene import Scene, _last_line

HERE = ("after_commit", "topics_made_anew")


def test_every_guard_can_be_removed_and_is_needed_by_a_fault() -> None:
    assert {fault.guard.name for fault in FAULTS.values() if fault.guard is not None} == set(GUARDS)


def test_summary_counts_what_was_lost_doubled_and_not_survived_and_which_controls_went_red() -> None:
    summary = summarise(
        [
            Outcome("topics_made_anew", "", 1),
            Outcome("topics_made_anew", "same_topics", 1.4, doubled=2, wrong="not balanced", damage="doubled"),
            Outcome("checkpoint_gone", "", 2, lost=3, doubled=2, wrong="3 lost"),
            Outcome("checkpoint_gone", "same_past", 2, damage="doubled"),
        ]
    )
    assert summary == {
        "faults": 2, "survived": 1, "lost": 3, "doubled": 2, "guards": 2, "controls": 2, "controls_red": 1,
        "alarms": 0, "heard": 0, "slowest_alarm_s": None,
    }  # fmt: skip


@pytest.mark.parametrize(("wrong", "doubled", "proven"), [("", 2, True), ("not balanced", 2, False), ("", 0, False)])
def test_proven_is_what_is_survived_with_its_guard_and_not_without(wrong: str, doubled: int, proven: bool) -> None:
    control = Outcome("topics_made_anew", "same_topics", 1, doubled=doubled, damage="doubled")
    assert is_proven(summarise([Outcome("topics_made_anew", "", 1, wrong=wrong), control])) is proven


@pytest.mark.parametrize(
    ("damage", "seen"),
    [("lost", "lost"), ("doubled", "doubled"), ("altered", "is_altered"), ("silent", "is_silent"), ("stopped", "is_stopped")],
)
def test_control_is_red_by_the_damage_named_for_it_and_by_no_other_failure(damage: str, seen: str) -> None:
    every = {"lost": 1, "doubled": 1, "is_altered": True, "is_silent": True, "is_stopped": True, "wrong": "it failed", "damage": damage}
    assert Outcome("topics_made_anew", "same_topics", 1, **every).is_red
    assert not Outcome("topics_made_anew", "same_topics", 1, **every | {seen: 0}).is_red


def test_a_fault_that_never_happened_is_neither_survived_nor_a_red_control() -> None:
    missed = [
        Outcome("topics_made_anew", guard, 1, lost=1, wrong="nothing was killed", damage="lost", is_injected=False)
        for guard in ("", "same_topics")
    ]
    assert (summarise(missed)["survived"], summarise(missed)["controls_red"]) == (0, 0)


@pytest.mark.parametrize(("alarm_s", "heard"), [(59.9, 1), (60.1, 0), (None, 0)])
def test_a_fault_is_heard_of_within_a_minute_or_is_not(alarm_s: float | None, heard: int) -> None:
    """A fault that is survived and that nobody hears of is not proven."""
    summary = summarise(
        [Outcome("planned", "", 1, is_awaited=True, alarm="StreamStopped", alarm_s=alarm_s), Outcome("woken_thrice", "", 1)]
    )
    assert (summary["survived"], summary["alarms"], summary["heard"]) == (2, 1, heard)
    assert is_proven(summary) is bool(heard)


def test_alarms_of_faults_are_alerts_there_are() -> None:
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules" / "alerts.yml").read_text(encoding="utf-8"))
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    assert {alarm for fault in FAULTS.values() for alarm in fault.alarms} <= alerts


def test_page_says_what_was_not_survived_and_what_a_guard_is_good_for() -> None:
    page = render(
        FAULTS,
        [
            Outcome("topics_made_anew", "", 1, is_awaited=True, alarm="StreamStopped", alarm_s=12.3),
            Outcome("topics_made_anew", "same_topics", 1, lost=2, wrong="it said nothing", damage="lost"),
            Outcome("checkpoint_gone", "", 1, lost=3, wrong="the books do not balance"),
            Outcome("checkpoint_gone", "same_past", 1, wrong="it crashed", damage="doubled"),
        ],
    )
    (survived,) = (line for line in page.splitlines() if line.startswith("| `topics_made_anew`"))
    (failed,) = (line for line in page.splitlines() if line.startswith("| `checkpoint_gone`"))
    assert survived.endswith("| yes | 1 | StreamStopped, 12 s | same_topics | 2 lost; it said nothing |")
    assert "| no: 3 lost; the books do not balance | 1 |  | same_past | not red: it crashed, where it should have been doubled |" in failed


def test_page_keeps_the_other_faults_when_one_is_run_again(tmp_path: Path) -> None:
    page = tmp_path / "generated" / "faults.md"
    write_page(page, FAULTS, [Outcome("topics_made_anew", "", 1, wrong="2 lost"), Outcome("planned", "", 1), Outcome("gone_since", "", 1)])
    write_page(page, FAULTS, [Outcome("topics_made_anew", "", 1)])
    assert [line.split("`")[1] for line in page.read_text().splitlines() if line.startswith("| `")] == ["planned", "topics_made_anew"]
    assert "2 of 2 survived" in page.read_text()


def test_page_in_git_is_of_every_fault_and_control_and_of_no_other() -> None:
    kept = [Outcome(**outcome) for outcome in json.loads(PAGE.with_suffix(".json").read_text())]
    assert [(outcome.fault, outcome.guard) for outcome in kept] == [
        (fault.name, guard) for fault in FAULTS.values() for guard in ["", *([] if fault.guard is None else [fault.guard.name])]
    ]
    assert PAGE.read_text() == render(FAULTS, kept)
    assert is_proven(summarise(kept))
    assert {outcome.fault: outcome.is_awaited for outcome in kept if not outcome.guard} == {
        name: bool(fault.alarms) for name, fault in FAULTS.items()
    }, "each fault that somebody has to know of was listened for"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_some_faults_are_survived_and_are_not_without_their_guards(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "faults", "--page", str(tmp_path / "faults.md"), *HERE]
    done = subprocess.run(command, cwd=ROOT, env=environment("", tmp_path), capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["faults"], found["survived"], found["lost"], found["doubled"]) == (len(HERE), len(HERE), 0, 0)
    assert found["controls"] == found["controls_red"] == len(HERE)
    assert found["alarms"] == found["heard"] == len(HERE)


def test_what_was_said_last_is_no_line_of_a_stack_trace() -> None:
    said = "started\njava.io.IOException: no space\n\tat a.b(C.java:1)\n\t... 26 more\n\n"
    assert _last_line(said) == "java.io.IOException: no space"
    assert _last_line("\n") == "it said nothing"


def test_what_is_kept_of_a_fault_is_of_its_newest_run(tmp_path: Path) -> None:
    home, kept = tmp_path / "home", tmp_path / "kept"
    kept.mkdir()
    (kept / "old.log").touch()
    scene = Scene(Broker(tmp_path / "broker"), home, None, tmp_path)  # type: ignore[arg-type]
    scene.checkpoint.mkdir(parents=True)
    (scene.checkpoint / "offsets").touch()
    (home / "said.log").write_text("it failed", encoding="utf-8")
    scene.keep(kept)
    assert sorted(str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()) == ["checkpoint/offsets", "said.log"]


def test_what_a_program_said_is_told_without_where_it_ran(tmp_path: Path) -> None:
    said = f"it began\nCaused by: {tmp_path}/lake/_checkpoints/ingest/offsets/.1.crc already exists\n\tat org.apache.hadoop\n"
    scene = Scene(Broker(tmp_path / "broker"), tmp_path, None, tmp_path)  # type: ignore[arg-type]
    with pytest.raises(StoppedError, match=r"^the app ended with 1: Caused by: lake/_checkpoints/ingest/offsets/\.1\.crc already exists$"):
        scene.run_well("the app", Mock(run=lambda: (1, said)))
