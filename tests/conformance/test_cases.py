"""The cases as data: each cites its source, and every name in them is one that README.md explains."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent))
from conformance import HOME, Case, disagreements, load_cases, raw_events

CASES = load_cases()
README = (HOME / "README.md").read_text(encoding="utf-8")


def _explained(heading: str) -> set[str]:
    """The names in the first column of the table under a heading of README.md."""
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return {name for row in re.findall(r"^\|([^|]*`[^|]*)\|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}


def test_every_name_is_explained_and_every_explained_name_has_a_case() -> None:
    assert {name for case in CASES for name in case.play} == _explained("play: facts of one play")
    assert {name for case in CASES for name in case.ratios} == _explained("ratios: over the plays of a case")


def test_the_example_of_the_readme_is_a_case() -> None:
    (told,) = yaml.safe_load(README.partition("```yaml\n")[2].partition("```")[0])
    assert Case(**told) in CASES


def test_every_case_has_a_name_of_its_own_a_source_and_something_expected() -> None:
    assert [name for name, n in Counter(case.name for case in CASES).items() if n > 1] == []
    assert [case.name for case in CASES if not re.match(r"(CTA-2066|Mux|Conviva) \w+|ours[;,] \w+", case.source)] == []
    assert [case.name for case in CASES if not (case.play or case.ratios)] == []


def test_facts_are_told_of_one_play() -> None:
    assert [case.name for case in CASES if case.play and len({event["playback_id"] for event in raw_events(case)}) > 1] == []


def test_numbers_agree_to_three_decimals_and_null_is_no_zero() -> None:
    expected = {"a": 4.082, "b": None, "c": 0, "d": "x"}
    assert disagreements({"a": 400 / 98, "b": None, "c": 0.0, "d": "x"}, expected) == {}
    assert set(disagreements({"a": 4.083, "b": 0, "c": None, "d": "y"}, expected)) == {"a", "b", "c", "d"}
