"""`make limits`: the page says what was measured, and a small size goes through every part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.limits import MEASURED, PAGE, measure
from benchmarks.limits_page import render


def _landing(handover: float = 8, consuming: float = 4, whole: float = 10) -> dict[str, Any]:
    us = {"handover": [handover] * 3, "consuming": [consuming] * 3, "python_consumer": [whole] * 3}
    return {"goal": 1.0, "records": 5_000, "us": us}


def _measured(**us: float) -> dict[str, Any]:
    """Two alternations, in the second of which everything takes 2 µs longer than in the first; these are the medians."""
    found = {name: [figure - 1, figure + 1] for name, figure in us.items()}
    told = {"goal": 100_000, "records": 5_000, "us": found}
    return {"ingest": _landing(), "simulate": told, "date": "2026-02-01 00:00 UTC", "cores": 2, "versions": {"python": "3"}}


def test_parts_are_added_up() -> None:
    text = render(_measured(client=4, digest=2, ledger=1, making=2, start=1, json=3, ours=10))
    assert "The goal is 100,000 records per second of processor time: 10.00 µs for a record." in text
    assert "| the digest of a record's bytes (BLAKE2b, 128 bits) | 2.00 | 1.00 | 3.00 | 500,000 |" in text
    # 4 + 2 + 1 + 2 + 1; what JSON alone would take is no part of it
    assert "| **all of these** | 10.00 |  |  | 100,000 |" in text
    assert "| `playhead simulate` as a whole | 10.00 | 9.00 | 11.00 | 100,000 |" in text


def test_what_is_always_there_leaves_so_much_of_the_goal() -> None:
    fits = render(_measured(client=4, digest=2, ledger=1, making=2, start=1, json=3, ours=10))
    assert "together 7.00 µs, at most 142,857 a second. That leaves 3.00 µs" in fits
    assert "drawing and writing takes 2.00 µs, which fits" in fits
    above = render(_measured(client=4, digest=2, ledger=1, making=6, start=1, json=3, ours=14))
    assert (
        "That leaves 3.00 µs for drawing and writing an event and for the start; drawing and writing takes 6.00 µs, 2.0 times that."
        in above
    )


def test_a_goal_below_what_is_always_there_is_beyond_reach() -> None:
    text = render(_measured(client=8, digest=2, ledger=1, making=2, start=1, json=3, ours=14))
    assert "together 11.00 µs, at most 90,909 a second. That is above what the goal leaves" in text


def test_a_landing_is_held_against_the_peer_with_sparks_handover_in_the_place_of_its_consuming() -> None:
    measured = _measured(client=4, digest=2, ledger=1, making=2, start=1, json=3, ours=10)
    beyond = render(measured)
    assert "as quick as what follows python_consumer's consuming, 6.00 µs" in beyond
    assert "would take 14.00 µs where python_consumer takes 10.00:\n0.71 times its rate, so it is beyond" in beyond
    within = render(measured | {"ingest": _landing(handover=3)})
    assert "would take 9.00 µs where python_consumer takes 10.00:\n1.11 times its rate, so it is within reach" in within


def test_committed_page_is_the_one_of_the_committed_figures() -> None:
    assert PAGE.is_file() == MEASURED.is_file()
    if MEASURED.is_file():
        assert PAGE.read_text(encoding="utf-8") == render(json.loads(MEASURED.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_a_small_size_goes_through_every_part(tmp_path: Path) -> None:
    measured = measure(tmp_path, 20_000, 1, lambda _text: None)
    found = measured["simulate"]
    assert found["records"] >= 20_000
    assert set(found["us"]) == {"client", "digest", "ledger", "making", "json", "start", "ours"}
    assert set(measured["ingest"]["us"]) == {"handover", "consuming", "python_consumer"}
    assert all(figure > 0 for told in (found, measured["ingest"]) for figures in told["us"].values() for figure in figures)
    assert "## simulate" in render(measured)
