"""The fault matrix: its verdicts, and a few faults for real; `make faults` runs all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.processes import ROOT, environment
from faults.__main__ import PAGE
from faults.changes import GUARDS
from faults.model import Outcome
from faults.page import is_proven, render, summarise, write_page
from faults.registry import FAULTS

HERE = ("topics_made_anew", "checkpoint_gone")


def test_every_guard_can_be_removed_and_is_needed_by_a_fault() -> None:
    assert {fault.guard for fault in FAULTS.values() if fault.guard} == set(GUARDS)


def test_summary_counts_what_was_lost_doubled_and_not_survived_and_which_controls_went_red() -> None:
    summary = summarise(
        [
            Outcome("topics_made_anew", "", 1),
            Outcome("topics_made_anew", "same_topics", 1.4, wrong="2 doubled"),
            Outcome("checkpoint_gone", "", 2, lost=3, doubled=2, wrong="3 lost"),
            Outcome("checkpoint_gone", "same_past", 2),
        ]
    )
    assert summary == {
        "faults": 2, "survived": 1, "lost": 3, "doubled": 2, "guards": 2, "controls": 2, "controls_red": 1, "seconds": 6,
    }  # fmt: skip


@pytest.mark.parametrize(("wrong", "control", "proven"), [("", "2 doubled", True), ("3 lost", "2 doubled", False), ("", "", False)])
def test_proven_is_what_is_survived_with_its_guard_and_not_without(wrong: str, control: str, proven: bool) -> None:
    outcomes = [Outcome("topics_made_anew", "", 1, wrong=wrong), Outcome("topics_made_anew", "same_topics", 1, wrong=control)]
    assert is_proven(summarise(outcomes)) is proven


def test_a_fault_that_never_happened_is_neither_survived_nor_a_red_control() -> None:
    missed = [Outcome("topics_made_anew", guard, 1, wrong="nothing was killed", is_injected=False) for guard in ("", "same_topics")]
    assert (summarise(missed)["survived"], summarise(missed)["controls_red"]) == (0, 0)


def test_page_says_what_was_not_survived_and_what_a_guard_is_good_for() -> None:
    page = render(
        FAULTS,
        [
            Outcome("topics_made_anew", "", 1),
            Outcome("topics_made_anew", "same_topics", 1, wrong="2 doubled"),
            Outcome("checkpoint_gone", "", 1, lost=3, wrong="3 lost"),
            Outcome("checkpoint_gone", "same_past", 1),
        ],
    )
    (survived,) = (line for line in page.splitlines() if line.startswith("| `topics_made_anew`"))
    (failed,) = (line for line in page.splitlines() if line.startswith("| `checkpoint_gone`"))
    assert survived.endswith("| yes | 1 | same_topics | 2 doubled |")
    assert "| no: 3 lost | 1 | same_past | not red: survived too |" in failed


def test_page_keeps_the_other_faults_when_one_is_run_again(tmp_path: Path) -> None:
    page = tmp_path / "generated" / "faults.md"
    write_page(page, FAULTS, [Outcome("topics_made_anew", "", 1, wrong="2 lost"), Outcome("planned", "", 1), Outcome("gone_since", "", 1)])
    write_page(page, FAULTS, [Outcome("topics_made_anew", "", 1)])
    assert [line.split("`")[1] for line in page.read_text().splitlines() if line.startswith("| `")] == ["planned", "topics_made_anew"]
    assert "2 of 2 survived" in page.read_text()


def test_page_in_git_is_of_every_fault_and_control_and_of_no_other() -> None:
    kept = [Outcome(**outcome) for outcome in json.loads(PAGE.with_suffix(".json").read_text())]
    assert [(outcome.fault, outcome.guard) for outcome in kept] == [
        (fault.name, guard) for fault in FAULTS.values() for guard in dict.fromkeys(["", fault.guard])
    ]
    assert PAGE.read_text() == render(FAULTS, kept)
    assert is_proven(summarise(kept))


@pytest.mark.slow
def test_some_faults_are_survived_and_are_not_without_their_guards(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "faults", "--page", str(tmp_path / "faults.md"), *HERE]
    done = subprocess.run(command, cwd=ROOT, env=environment("", tmp_path), capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["faults"], found["survived"], found["lost"], found["doubled"]) == (len(HERE), len(HERE), 0, 0)
    assert found["controls"] == found["controls_red"] == len(HERE)
