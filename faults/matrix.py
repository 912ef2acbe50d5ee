"""Runs faults, and their negative controls: what a run without any fault publishes is what each must end with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import duckdb
from confluent_kafka import KafkaException
from deltalake.exceptions import DeltaError

from faults.at_once import at_once
from faults.engine import Engine
from faults.model import Fault, Guard, NotInjectedError, NotSurvivedError, Outcome, SilentError, StoppedError
from faults.scene import Scene, all_loads, first_load, open_scene
from playhead.errors import PlayheadError
from playhead.quality.accounting import take_accounts
from playhead.quality.reconcile import reconcile

Hashes = dict[tuple[str, str], str]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Begun:
    """What all faults of a run share: the engine, and what is left when the first load, and when all loads, have landed."""

    state_dir: Path
    engine: Engine
    first_load: Path
    all_loads: Path
    hashes: Future[Hashes] | None  # what is published where nothing happens; None where no fault ends with anything to publish


def run_matrix(state_dir: Path, faults: Iterable[Fault], report: Report) -> Iterator[Outcome]:
    """The outcome of each fault, and of each that has a guard once more without it, as they come: two are under way at once."""
    runs = [(fault, guard) for fault in faults for guard in dict.fromkeys((None, fault.guard))]
    with ExitStack() as stack:
        begun = _begin(state_dir, stack, is_compared=any(not fault.ends_here for fault, _ in runs), report=report)

        def run(asked: tuple[Fault, Guard | None]) -> Outcome:
            fault, without = asked
            report(fault.name if without is None else f"{fault.name} without {without.name}")
            return _run(begun, fault, without=without)

        shared, others = ([asked for asked in runs if asked[0].hurts_airflow is hurts] for hurts in (True, False))
        yield from at_once(run, others, one_by_one=shared)


def _begin(state_dir: Path, stack: ExitStack, *, is_compared: bool, report: Report) -> Begun:
    """Let the loads land; what they publish is built while the first faults happen."""
    report("the first load lands")
    engine = Engine(state_dir, stack)
    first = stack.enter_context(first_load(state_dir, engine))
    report("all loads land")
    every = stack.enter_context(all_loads(state_dir, engine, first))
    if not is_compared:
        return Begun(state_dir, engine, first, every, None)
    _ = engine.spark  # here, where no two ask for it
    beside = stack.enter_context(ThreadPoolExecutor(1))
    return Begun(state_dir, engine, first, every, beside.submit(_published, state_dir, engine, every))


def _published(state_dir: Path, engine: Engine, landed: Path) -> Hashes:
    with open_scene(state_dir, engine, landed) as scene:
        try:
            scene.build()
        except NotSurvivedError as error:
            raise RuntimeError(f"nothing was hurt, and {error}") from error  # no fault's, so it ends the run
        return scene.hashes()


def _run(begun: Begun, fault: Fault, *, without: Guard | None = None) -> Outcome:
    name, damage = ("", "") if without is None else (without.name, without.damage)
    lost, doubled, wrong, is_injected, is_altered = 0, 0, "", True, False
    failure: NotSurvivedError | None = None
    awaited = () if without else fault.alarms
    began_with = begun.all_loads if fault.has_landed else begun.first_load
    began = time.monotonic()
    with open_scene(begun.state_dir, begun.engine, began_with, unguarded=name, awaited=awaited, airflow=fault.hurts_airflow) as scene:
        try:
            fault.run(scene)
            if not fault.ends_here:
                lost, doubled, wrong, is_altered = _judge(scene, begun.hashes.result() if begun.hashes else {})
        except NotSurvivedError as error:
            (lost, doubled, _), wrong, failure = _take_books(scene), str(error), error
            lost, doubled = lost + error.lost, doubled + error.doubled
        except (NotInjectedError, PlayheadError, DeltaError, KafkaException, duckdb.Error, OSError) as error:
            wrong, is_injected = f"{type(error).__name__}: {error}", False  # where fault or checker fail, nothing is known
        told = scene.wait_for_alarm()
        if without is None and (wrong or lost or doubled):
            scene.keep(begun.state_dir / "not-survived" / fault.name)
    seconds = round(time.monotonic() - began, 1)
    alarm, alarm_s = told or ("", None)
    return Outcome(
        fault.name,
        name,
        seconds,
        lost,
        doubled,
        wrong,
        damage,
        is_injected,
        is_silent=isinstance(failure, SilentError),
        is_stopped=isinstance(failure, StoppedError),
        is_altered=is_altered,
        is_awaited=bool(awaited),
        alarm=alarm,
        alarm_s=alarm_s,
    )


def _judge(scene: Scene, hashes: Hashes) -> tuple[int, int, str, bool]:
    """Acknowledged events that were lost, events that were doubled, what is wrong, and whether something else is published."""
    scene.build()
    lost, doubled, minutes = _take_books(scene)
    published = scene.hashes()
    unequal = sorted(
        f"{table} {key}" for table, key in published.keys() | hashes.keys() if published.get((table, key)) != hashes.get((table, key))
    )
    wrong = ["the books do not balance"] if minutes else []
    wrong += [f"{len(unequal)} partitions are published otherwise"] if unequal else []
    return lost, doubled, "; ".join(wrong), bool(unequal)


def _take_books(scene: Scene) -> tuple[int, int, int]:
    """Acknowledged events that were lost, events that were doubled, and in how many minutes or ways the books do not balance."""
    books = take_accounts(scene.lake, scene.ledgers)
    found = reconcile(scene.lake, scene.ledgers).differences
    doubled = books.silver_repeated + sum(difference.repeated for difference in found)
    return books.unaccounted, doubled, len(found) + (not books.is_balanced)
