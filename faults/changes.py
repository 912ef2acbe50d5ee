"""`python -m faults.changes CHANGE[,CHANGE] PROGRAM …`: run a program of Playhead with something of it changed.

Without one of its guards, to see that the guard's fault then shows; or standing still at a point that no system call tells of.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from playhead.jobs.run_context import RunContext
    from playhead.settings import Settings

HALF_A_FILE = "half_a_file"
UNPUBLISHED = "unpublished"
UNREPORTED = "unreported"


def sign_of(lake: str) -> Path:
    """What tells which process stands still."""
    return Path(lake).with_name("stands_still")


def _same_past() -> None:
    """The app starts whatever checkpoint and table say."""
    from playhead.jobs import ingest

    ingest.require_same_past = lambda *_: None


def _same_topics() -> None:
    """The app starts whichever topics the checkpoint's offsets are of."""
    from playhead.jobs import ingest

    ingest.require_same_topics = lambda *_: None


def _stray_checksums() -> None:
    """The checksum of a plan or a mark that was deleted stays."""
    from playhead.jobs import ingest

    setattr(ingest, "remove_stray_checksums", lambda *_: [])  # noqa: B010  a name that the module only imports


def _batch_number() -> None:
    """The app does not ask whether a batch has landed."""
    from playhead.io.delta_append import AppendedTable

    _same_past()
    AppendedTable.committed = lambda *_: None  # type: ignore[method-assign]


def _lost_offsets() -> None:
    """Spark passes over records that Kafka no longer has."""
    _read_with("failOnDataLoss", "false")


def _read_committed() -> None:
    """Spark reads records of transactions that have not ended, or were taken back."""
    _read_with("kafka.isolation.level", "read_uncommitted")


def _read_with(name: str, other: str) -> None:
    """Streams are read with another value of an option."""
    from pyspark.sql.streaming.readwriter import DataStreamReader

    option = DataStreamReader.option

    def with_other(self: DataStreamReader, key: str, value: Any) -> DataStreamReader:
        return option(self, key, other if key == name else value)

    DataStreamReader.option = with_other  # type: ignore[method-assign]


def _one_writer() -> None:
    """Nobody asks who holds the lake."""
    from playhead.jobs import stream

    setattr(stream, "table_lock", lambda *_, **__: nullcontext())  # noqa: B010  a name that the module only imports


def _replacement() -> None:
    """What is published stands beside what was there before."""
    from playhead.io import staged_files

    setattr(staged_files, "_replaced_files", lambda *_: [])  # noqa: B010  its own, and mypy would have its type


def _publish_log() -> None:
    """A task does not ask what an earlier attempt of it has published."""
    from playhead.jobs import publish

    setattr(publish, "_logged_partitions", lambda *_: {})  # noqa: B010  its own, and mypy would have its type


def _newer_stays() -> None:
    """A run publishes what it has built, though a run with newer inputs was faster."""
    from playhead.jobs import publish

    publish.superseded_by = lambda *_: False


def _put_if_absent() -> None:
    """A commit takes its name whether or not another one has it, as Delta's own store for local files may."""
    from deltalake import DeltaTable

    DeltaTable.create = partial(DeltaTable.create, storage_options={"allow_unsafe_rename": "true"})


def _half_a_file() -> None:
    """Workers write rows into a file and never its end."""
    from faults.halfway import write_half
    from playhead.jobs import ingest

    setattr(ingest, "write_data_file", write_half)  # noqa: B010  a name that the module only imports


def _unpublished() -> None:
    """The first task that is about to publish gold stands still before it does."""
    from faults.halfway import stand_still_once
    from playhead.jobs import build
    from playhead.jobs.publish import publish_phase

    def stand_still_before(spark: SparkSession, lake: str, run_id: str, phase: str) -> dict[str, int]:
        if phase == "gold":
            stand_still_once(sign_of(lake))
        return publish_phase(spark, lake, run_id, phase)

    setattr(build, "publish_phase", stand_still_before)  # noqa: B010  a name that the module only imports


def _unreported() -> None:
    """The first task that has published gold stands still before it says so."""
    from faults.halfway import stand_still_once
    from playhead.jobs import entry

    run_job = entry.run_job

    def then_stand_still(job: str, spark: SparkSession, settings: Settings, run: RunContext, **options: Any) -> Any:
        done = run_job(job, spark, settings, run, **options)
        if options.get("phase") == "gold":
            stand_still_once(sign_of(settings.lake))
        return done

    setattr(entry, "run_job", then_stand_still)  # noqa: B010  as above


GUARDS: dict[str, Callable[[], None]] = {
    "same_past": _same_past,
    "same_topics": _same_topics,
    "stray_checksums": _stray_checksums,
    "batch_number": _batch_number,
    "lost_offsets": _lost_offsets,
    "read_committed": _read_committed,
    "one_writer": _one_writer,
    "replacement": _replacement,
    "publish_log": _publish_log,
    "newer_stays": _newer_stays,
    "put_if_absent": _put_if_absent,
}
CHANGES = GUARDS | {HALF_A_FILE: _half_a_file, UNPUBLISHED: _unpublished, UNREPORTED: _unreported}


def main() -> None:
    """Change it and become the program."""
    _, changes, program, *arguments = sys.argv
    for change in changes.split(","):
        CHANGES[change]()
    sys.argv = [program, *arguments]
    if program.endswith(".py"):
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
