"""Runs faults, and their negative controls: what a run without any fault publishes is what each must end with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import duckdb
from deltalake.exceptions import DeltaError

from faults.loads import LOADS
from faults.model import Fault, NotInjectedError, NotSurvivedError, Outcome
from faults.scene import Scene, open_scene
from playhead.errors import PlayheadError
from playhead.quality.accounting import take_accounts
from playhead.quality.reconcile import reconcile

Hashes = dict[tuple[str, str], str]
Report = Callable[[str], None]


def without_fault(state_dir: Path, engine: str) -> Hashes:
    """What is published when nothing happens: all loads landed at once."""
    with open_scene(state_dir, engine) as scene:
        scene.land(*range(LOADS))
        scene.build()
        return scene.hashes()


def run_matrix(state_dir: Path, engine: str, faults: Iterable[Fault], report: Report) -> Iterator[Outcome]:
    """The outcome of each fault, and of each that has a guard once more without it."""
    faults = tuple(faults)
    hashes: Hashes = {}
    if any(not fault.stops_loudly for fault in faults):
        report("without any fault")
        hashes = without_fault(state_dir, engine)
    for fault in faults:
        report(fault.name)
        yield _run(state_dir, engine, fault, hashes, guard="")
        if fault.guard:
            report(f"{fault.name} without {fault.guard}")
            yield _run(state_dir, engine, fault, hashes, guard=fault.guard)


def _run(state_dir: Path, engine: str, fault: Fault, hashes: Hashes, *, guard: str) -> Outcome:
    began = time.monotonic()
    lost, doubled, wrong, is_injected = 0, 0, "", True
    with open_scene(state_dir, engine, unguarded=guard) as scene:
        try:
            fault.run(scene)
            if not fault.stops_loudly:
                lost, doubled, wrong = _judge(scene, hashes)
        except NotSurvivedError as error:
            (lost, doubled, minutes), wrong = _take_books(scene), str(error)
            wrong += f"; {lost} lost, {doubled} doubled" if minutes else ""
        except (NotInjectedError, PlayheadError, DeltaError, duckdb.Error, OSError) as error:
            wrong, is_injected = f"{type(error).__name__}: {error}", False  # where fault or checker fail, nothing is known
    return Outcome(fault.name, guard, round(time.monotonic() - began, 1), lost, doubled, wrong, is_injected)


def _judge(scene: Scene, hashes: Hashes) -> tuple[int, int, str]:
    """Acknowledged events that were lost, events that were doubled, and what is wrong."""
    scene.build()
    lost, doubled, minutes = _take_books(scene)
    if minutes:
        return lost, doubled, f"the books do not balance: {lost} lost, {doubled} doubled"
    published = scene.hashes()
    unequal = sorted(
        f"{table} {key}" for table, key in published.keys() | hashes.keys() if published.get((table, key)) != hashes.get((table, key))
    )
    return 0, 0, f"published otherwise: {', '.join(unequal[:5])}" if unequal else ""


def _take_books(scene: Scene) -> tuple[int, int, int]:
    """Acknowledged events that were lost, events that were doubled, and in how many minutes or ways the books do not balance."""
    books = take_accounts(scene.lake, scene.ledgers)
    found = reconcile(scene.lake, scene.ledgers).differences
    doubled = books.silver_repeated + sum(difference.repeated for difference in found)
    return books.unaccounted, doubled, len(found) + (not books.is_balanced)
