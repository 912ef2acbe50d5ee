"""The records that benches work on: simulated once, kept as Parquet."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

from playhead.events.simulator import ParquetSink, SimulationOptions, run_simulation

# Always the same days, so that a bench works on the same bytes whenever it runs.
TODAY = date(2026, 2, 1)
# A viewer makes about 1,100 records in 35 days, so over 30 on a day; of few viewers some are idle.
_RECORDS_PER_USER = 800
_RECORDS_PER_DAY = 20
_FEWEST_USERS = 50
_FEWEST_DAYS = 2


def simulation_options(size: int, *, is_valid: bool = False) -> SimulationOptions:
    """The simulator's default dials with enough viewers for `size` records; few records take fewer days.

    `is_valid` leaves out bad, late and doubled ones.
    """
    dials = SimulationOptions()
    users = max(_FEWEST_USERS, -(-size // _RECORDS_PER_USER))
    days = min(dials.days, max(_FEWEST_DAYS, -(-size // (_FEWEST_USERS * _RECORDS_PER_DAY))))
    dials = replace(dials, users=users, days=days)
    return replace(dials, bad=0, late=0, duplicates=0) if is_valid else dials


def simulated_records(state_dir: Path, size: int, *, is_valid: bool = False) -> Path:
    """A directory of Parquet files with at least `size` records; simulated at the first call, kept for the next ones.

    Raises:
        ValueError: the simulation has fewer records.
    """
    options = simulation_options(size, is_valid=is_valid)
    return kept_simulation(state_dir / f"simulation-{size}{'-valid' if is_valid else ''}", options, size)


def kept_simulation(home: Path, options: SimulationOptions, least: int = 0) -> Path:
    """The records of a simulation as Parquet files; simulated at the first call, kept for the next ones.

    Raises:
        ValueError: the simulation has fewer records than `least`.
    """
    if not home.is_dir():
        partial = home.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        summary = run_simulation(options, home=partial, now_day=TODAY, open_sink=lambda: ParquetSink(partial / "records"))
        if summary.records < least:
            raise ValueError(f"the simulation has {summary.records} records, {least} are needed; raise _FEWEST_USERS or _FEWEST_DAYS")
        partial.rename(home)
    return home / "records"
