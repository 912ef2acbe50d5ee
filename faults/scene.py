"""Where a fault happens: a broker and a lake of its own, copies of those where loads have landed, and the same loads after them."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count
from pathlib import Path

from deltalake import DeltaTable

from benchmarks.processes import ROOT, environment
from faults.alarms import Alarms, Moment, Watched, watch
from faults.broker import Broker, started_broker
from faults.engine import Engine
from faults.loads import LOADS, send_load
from faults.model import HEARD_WITHIN_S, NotInjectedError, NotSurvivedError, SilentError, StoppedError
from faults.programs import Program
from playhead.errors import PlayheadError
from playhead.io.checkpoint import read_checkpoint
from playhead.io.delta_table import table_path, table_version
from playhead.io.kafka import ensure_topics
from playhead.io.topics import declared_topics
from playhead.jobs.build import build_day
from playhead.jobs.published import read_published

# A JVM that runs for seconds spends more on its best compiler than it gains.
_SHORT_LIVED = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"}


@dataclass(frozen=True, slots=True)
class Scene:
    """One broker, one lake, and how the streaming app and the builds are run on them; without one guard where one is named.

    `alarms` are told where one of `awaited` must be; `harm` is when the harm was done.
    """

    broker: Broker
    directory: Path
    engine: Engine
    state_dir: Path
    unguarded: str = ""
    awaited: tuple[str, ...] = ()
    alarms: Alarms | None = None
    harm: Moment = field(default_factory=Moment)

    @property
    def lake(self) -> str:
        """Root of the tables."""
        return str(self.directory / "lake")

    @property
    def checkpoint(self) -> Path:
        """Checkpoint of `ingest`."""
        return self.directory / "lake" / "_checkpoints" / "ingest"

    @property
    def live_checkpoint(self) -> Path:
        """Checkpoint of `live`."""
        return self.checkpoint.with_name("live")

    @property
    def bronze(self) -> Path:
        """bronze.events."""
        return Path(table_path(self.lake, "bronze.events"))

    @property
    def ledgers(self) -> Path:
        """What was sent, and what was acknowledged."""
        return self.directory / "ledger"

    @property
    def client(self) -> dict[str, str]:
        """Client options of the broker."""
        return {"bootstrap.servers": self.broker.bootstrap}

    def next_commit(self, table: str) -> Path:
        """What the next commit to a table is written to before it is linked under its name."""
        version = table_version(self.lake, table)
        # A table is created by a commit of its own. What a killed writer has left of the same commit is passed over.
        commit = Path(table_path(self.lake, table)) / "_delta_log" / f"{1 if version is None else version + 1:020d}.json"
        left = (commit.with_name(f"{commit.name}#{number}") for number in count(1))
        return next(path for path in left if not path.exists())

    def make_topics(self) -> None:
        """Make the topics that the broker lacks, each of one partition."""
        ensure_topics(self.client, list(declared_topics({}, 1).values()))

    def send(self, load: int) -> None:
        """Send one of the loads; each has a producer and so a ledger of its own."""
        send_load(self.state_dir, self.broker.bootstrap, self.ledgers, load)

    def land(self, *loads: int) -> None:
        """Send these loads, then run the app until all has landed.

        Raises:
            StoppedError: it failed.
        """
        for load in loads:
            self.send(load)
        self.run_well("the streaming app", self.app())

    def land_stops(self, saying: str) -> None:
        """Run the app, which must refuse to go on and say why.

        Raises:
            SilentError: it went on.
            NotSurvivedError: it did not say so.
        """
        code, said = self.app().run()
        self.harm.note()
        if not code:
            raise SilentError("the streaming app went on and said nothing")
        if saying not in said:
            raise NotSurvivedError(f"the streaming app stopped without saying {saying!r}: {self._last_words(said)}")

    def wait_for_alarm(self) -> tuple[str, float] | None:
        """Leave all as it is until an alarm tells of the harm, for a minute at most; which one it was, and how long it took in seconds."""
        if self.alarms is None or self.harm.at is None:
            return None
        told = self.alarms.wait_for(self.awaited, self.harm.at, self.harm.at + HEARD_WITHIN_S)
        return None if told is None else (told[0], round(told[1] - self.harm.at, 1))

    def build(self) -> None:
        """Build everything that has landed, by the steps that Airflow's tasks run.

        Raises:
            NotSurvivedError: it failed.
        """
        from pyspark.errors import PySparkException

        try:
            build_day(self.engine.spark, self.lake, "after-the-fault")
        except (PlayheadError, PySparkException) as error:
            raise NotSurvivedError(f"the build failed: {_last_line(str(error))}") from error

    def require_batches(self, *, planned: int, finished: int, landed: int) -> None:
        """The fault came where it should: the newest batch that the checkpoint has planned, has finished, and that the table has.

        Raises:
            NotInjectedError: it did not.
        """
        checkpoint = read_checkpoint(str(self.checkpoint))
        if checkpoint is None:
            raise NotInjectedError("there is no checkpoint")
        found = (checkpoint.planned, checkpoint.finished, DeltaTable(self.bronze).transaction_version(checkpoint.query_id))
        if found != (planned, finished, landed):
            raise NotInjectedError(f"planned, finished and landed were {found}, not {(planned, finished, landed)}")

    def hashes(self) -> dict[tuple[str, str], str]:
        """The content hash of every published partition that has rows; a backfill publishes hours without any, too."""
        published = read_published(self.lake)
        return {
            (table, key): published.of(table)[key].content_hash for table in published.tables for key in published.keys_with_rows(table)
        }

    def app(self, *, changed: str = "", forever: bool = False) -> Program:
        """The streaming app, which lands what is there and ends, or runs on; with something of it `changed` where it is named."""
        return self._program(str(ROOT / "spark_apps" / "stream.py"), *([] if forever else ["--available-now"]), changed=changed)

    def builder(self) -> Program:
        """A build of everything that has landed, in a process of its own."""
        program = self._program("playhead.cli", "build", "daily")
        return replace(program, environment={**program.environment, "PLAYHEAD_SPARK_REMOTE": self.engine.address})

    def sender(self, load: int) -> Program:
        """The sending of a load, in a process of its own."""
        return self._program("faults.loads", str(self.state_dir), self.broker.bootstrap, str(self.ledgers), str(load))

    def upkeep(self, today: date) -> Program:
        """The upkeep of bronze, which the streaming app does beside landing, in a process of its own."""
        return self._program("faults.upkeep", str(self.directory), self.lake, today.isoformat())

    def committer(self, writer: str, other: str, count: int) -> Program:
        """A writer of a table that has another one, in a process of its own."""
        program = self._program("faults.committing", str(self.directory), writer, other, str(count))
        return replace(program, log_name=f"{writer}.log")

    def keep(self, directory: Path) -> None:
        """Copy what its programs said, and the checkpoint, to where they stay."""
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        for log in self.directory.glob("*.log"):
            shutil.copy(log, directory)
        if self.checkpoint.is_dir():
            shutil.copytree(self.checkpoint, directory / "checkpoint")

    def run_well(self, what: str, program: Program) -> None:
        """Run a program that must not fail.

        Raises:
            StoppedError: it did.
        """
        code, said = program.run()
        if code:
            raise StoppedError(f"{what} ended with {code}: {self._last_words(said)}")

    def _last_words(self, output: str) -> str:
        """The last line of what a program said; where the scene lies is nothing that a page should tell."""
        return _last_line(output.replace(f"{self.directory}/", ""))

    def _program(self, program: str, *arguments: str, changed: str = "") -> Program:
        change = changed or self.unguarded
        started = ["-m", "faults.changes", change, program] if change else [program] if program.endswith(".py") else ["-m", program]
        command = (sys.executable, *started, *arguments)
        return Program(command, self.directory, environment(self.broker.bootstrap, self.directory) | _SHORT_LIVED, harm=self.harm)


@contextmanager
def first_load(state_dir: Path, engine: Engine) -> Iterator[Path]:
    """What every fault begins with: a broker that has the first load and a lake where it has landed, neither of which runs any more."""
    with tempfile.TemporaryDirectory(prefix="faults-", dir=state_dir) as kept:
        (Path(kept) / "home").mkdir()
        with started_broker(Broker(Path(kept) / "broker")) as broker:
            scene = Scene(broker, Path(kept) / "home", engine, state_dir)
            scene.make_topics()
            scene.land(0)
        yield Path(kept)


@contextmanager
def all_loads(state_dir: Path, engine: Engine, began_with: Path) -> Iterator[Path]:
    """The same when the other loads have landed too."""
    with tempfile.TemporaryDirectory(prefix="faults-", dir=state_dir) as kept:
        shutil.copytree(began_with, kept, dirs_exist_ok=True)
        with started_broker(Broker(Path(kept) / "broker")) as broker:
            Scene(broker, Path(kept) / "home", engine, state_dir).land(*range(1, LOADS))
        yield Path(kept)


@contextmanager
def open_scene(
    state_dir: Path, engine: Engine, began_with: Path, *, unguarded: str = "", awaited: tuple[str, ...] = (), airflow: bool = False
) -> Iterator[Scene]:
    """A scene of its own, which begins with a copy of another one's broker and lake; it goes with its broker.

    Where alarms are awaited somebody listens, before anything happens.
    """
    with tempfile.TemporaryDirectory(prefix="fault-", dir=state_dir) as kept, ExitStack() as stack:
        directory, harm, alarms = Path(kept), Moment(), None
        shutil.copytree(began_with, directory, dirs_exist_ok=True)
        broker = Broker(directory / "broker", harm)
        if awaited:
            url = engine.airflow.settings.airflow_url if airflow else ""
            alarms = stack.enter_context(watch(Watched(directory / "home", broker.bootstrap, url), directory / "watch"))
        stack.enter_context(started_broker(broker))
        if alarms is not None:
            alarms.wait_read()
        yield Scene(broker, directory / "home", engine, state_dir, unguarded, awaited, alarms, harm)


def _last_line(output: str) -> str:
    """The last line that is not one of a stack trace, which are indented."""
    lines = [line for line in output.splitlines() if line.strip() and not line[0].isspace()]
    return lines[-1][:300] if lines else "it said nothing"
