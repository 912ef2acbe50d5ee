"""One run of the simulation: from kept state to sink, with its truth and its summary."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pyarrow import parquet

from playhead.events.ledger import Ledger
from playhead.events.simulator.audience import TRUTH_SCHEMA
from playhead.events.simulator.catalogue import write_catalogue
from playhead.events.simulator.days import SimulatedDay, build_world, simulated_days
from playhead.events.simulator.faults import count_kinds, count_valid_types
from playhead.events.simulator.memory import kept_memory
from playhead.events.simulator.options import SimulationOptions
from playhead.events.simulator.sinks import Sent, Sink
from playhead.events.simulator.state import KeptSimulation, keep, recall, simulator_dir


@dataclass(frozen=True, slots=True)
class SimulationSummary:
    """What a run did, and what the simulation amounts to."""

    producer_id: str
    first_day: date
    last_day: date
    records: int
    sent_now: int
    seconds: float
    kinds: dict[str, int]
    event_types: dict[str, int]

    @property
    def rate(self) -> float:
        """Records sent per second by this run."""
        return self.sent_now / self.seconds if self.seconds else 0.0

    def as_dict(self) -> dict[str, Any]:
        """For the `--json` line."""
        return asdict(self) | {"first_day": str(self.first_day), "last_day": str(self.last_day), "rate": round(self.rate)}


def run_simulation(
    options: SimulationOptions,
    *,
    home: Path,
    now_day: date,
    open_sink: Callable[[], Sink],
    progress: Callable[[int, date], None] = lambda _records, _day: None,
) -> SimulationSummary:
    """Generates the simulation and writes what the sink does not have yet.

    Grain: one Kafka record each. A rerun with the same options keeps the anchor of the first and sends nothing twice; a run that was
    killed is taken up where the ledger ends. Truth and catalogue are written beside it.

    Args:
        options: the dials.
        home: state directory; simulator/simulation.json, simulator/truth.parquet and catalogue.json are kept in it.
        now_day: today in UTC; at the first run, the day before becomes the anchor.
        open_sink: opens where records go; called once the state is known to fit, so that a refused run touches no file.
        progress: told how many records were just dealt with, and of which day.

    Raises:
        SettingsError: another simulation is kept in `home`.
        BrokerError: Kafka cannot be reached or did not acknowledge; run again to go on.
    """
    began = time.monotonic()
    kept = recall(home, options, now_day)
    sink = open_sink()
    try:
        with kept_memory():
            sent_now = _write_days(kept, home, sink, progress)
    finally:
        sink.close()
    return _summary(kept, sent_now, time.monotonic() - began)


def completed_run(options: SimulationOptions, *, home: Path, now_day: date, ledger_dir: Path) -> SimulationSummary | None:
    """The summary of a simulation that Kafka has acknowledged to the last record, without generating it again; None while it is not."""
    kept = recall(home, options, now_day)
    if kept.records == 0:
        return None
    ledger = Ledger(ledger_dir, options.producer_id)
    try:
        return _summary(kept, 0, 0.0) if len(ledger.acked_sequences()) == kept.records else None
    finally:
        ledger.close()


def _write_days(kept: KeptSimulation, home: Path, sink: Sink, progress: Callable[[int, date], None]) -> int:
    """Generates and writes, one day ahead of the sink; keeps truth and totals. Returns how many records were new."""
    world = build_world(kept.options, kept.anchor)
    write_catalogue(home / "catalogue.json", world.catalogue)
    truth = simulator_dir(home) / "truth.parquet"
    partial = truth.with_suffix(".partial")
    kinds: Counter[str] = Counter()
    types: Counter[str] = Counter()
    new = 0
    under_way: Future[int] | None = None
    with ThreadPoolExecutor(1) as writer, parquet.ParquetWriter(partial, TRUTH_SCHEMA) as truths:
        for day in simulated_days(world):
            truths.write_table(day.truth)
            kinds.update(count_kinds(day.records))
            types.update(count_valid_types(day.records))
            new += under_way.result() if under_way else 0
            under_way = writer.submit(sink.write, day, _told(progress, day))
        new += under_way.result() if under_way else 0
    partial.replace(truth)
    kept.records, kept.kinds, kept.event_types = kinds.total(), dict(sorted(kinds.items())), dict(sorted(types.items()))
    keep(home, kept)
    return new


def _told(progress: Callable[[int, date], None], day: SimulatedDay) -> Sent:
    return lambda count: progress(count, day.day)


def _summary(kept: KeptSimulation, sent_now: int, seconds: float) -> SimulationSummary:
    return SimulationSummary(
        producer_id=kept.options.producer_id,
        first_day=kept.first_day,
        last_day=kept.anchor,
        records=kept.records,
        sent_now=sent_now,
        seconds=round(seconds, 3),
        kinds=kept.kinds,
        event_types=kept.event_types,
    )
