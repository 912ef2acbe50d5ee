"""The records that benches work on: simulated once, kept as Parquet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path

from benchmarks.harness import Report
from benchmarks.kept import kept_directory
from benchmarks.prebuilt_records import prebuilt, send
from playhead.events.simulator import ParquetSink, SimulationOptions, run_simulation
from playhead.io.kafka import ensure_topics
from playhead.io.topics import declared_topics
from playhead.local.broker import running_broker

_DIALS = SimulationOptions()
# Always the same days, so that a bench works on the same bytes whenever it runs.
TODAY = date(2026, 2, 1)
# A viewer makes about 1,100 records in 35 days, so over 30 on a day; of few viewers some are idle.
_RECORDS_PER_USER = 800
_RECORDS_PER_DAY = 20
_FEWEST_USERS = 50
_FEWEST_DAYS = 2


def simulation_options(size: int, *, is_valid: bool = False, duplicates: float = _DIALS.duplicates) -> SimulationOptions:
    """The simulator's default dials with enough viewers for `size` records; few records take fewer days.

    `is_valid` leaves out bad, late and doubled ones.
    """
    users = max(_FEWEST_USERS, -(-size // _RECORDS_PER_USER))
    days = min(_DIALS.days, max(_FEWEST_DAYS, -(-size // (_FEWEST_USERS * _RECORDS_PER_DAY))))
    dials = replace(_DIALS, users=users, days=days, duplicates=duplicates)
    return replace(dials, bad=0, late=0, duplicates=0) if is_valid else dials


def simulated_records(state_dir: Path, size: int, *, is_valid: bool = False, duplicates: float = _DIALS.duplicates) -> Path:
    """A directory of Parquet files with at least `size` records; simulated at the first call, kept for the next ones.

    Raises:
        ValueError: the simulation has fewer records.
    """
    options = simulation_options(size, is_valid=is_valid, duplicates=duplicates)
    kind = "-valid" if is_valid else "" if duplicates == _DIALS.duplicates else f"-{duplicates:g}-doubled"
    return kept_simulation(state_dir / f"simulation-{size}{kind}", options, size)


def kept_simulation(home: Path, options: SimulationOptions, least: int = 0) -> Path:
    """The records of a simulation as Parquet files; simulated at the first call, kept for the next ones.

    Raises:
        ValueError: the simulation has fewer records than `least`.
    """

    def fill(partial: str) -> None:
        summary = run_simulation(options, home=Path(partial), now_day=TODAY, open_sink=lambda: ParquetSink(Path(partial) / "records"))
        if summary.records < least:
            raise ValueError(f"the simulation has {summary.records} records, {least} are needed; raise _FEWEST_USERS or _FEWEST_DAYS")

    return kept_directory(home, fill) / "records"


@contextmanager
def empty_broker(state_dir: Path) -> Iterator[str]:
    """A broker of one's own with the declared topics, in a directory that goes with it; its address."""
    with tempfile.TemporaryDirectory(prefix="broker-", dir=state_dir) as directory, running_broker(Path(directory)) as bootstrap:
        ensure_topics({"bootstrap.servers": bootstrap}, list(declared_topics({}, 1).values()))
        yield bootstrap


@contextmanager
def preloaded_broker(state_dir: Path, records: Path, size: int, producer_id: str, report: Report) -> Iterator[str]:
    """A broker of one's own whose topics hold the first `size` records; its address."""
    with empty_broker(state_dir) as bootstrap:
        wanted = islice(prebuilt(records, producer_id), size)
        send(bootstrap, wanted, lambda sent: report(f"producing {sent:,} of {size:,} records"))
        yield bootstrap
