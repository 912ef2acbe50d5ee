"""Where a fault happens: a broker and a state directory of its own, and the same loads of events each time."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable

from benchmarks.processes import ROOT, environment
from faults.loads import send_load
from faults.model import NotInjectedError, NotSurvivedError
from faults.programs import Program
from playhead.io.checkpoint import read_checkpoint
from playhead.io.delta_table import table_path
from playhead.io.kafka import ensure_topics
from playhead.io.topics import declared_topics
from playhead.jobs.published import read_published
from playhead.local.broker import running_broker


@dataclass(slots=True)
class Scene:
    """One broker, one lake, and how the streaming app and the builds are run on them; without one guard where one is named."""

    bootstrap: str
    directory: Path
    engine: str
    state_dir: Path
    unguarded: str = ""

    @property
    def lake(self) -> str:
        """Root of the tables."""
        return str(self.directory / "lake")

    @property
    def checkpoint(self) -> Path:
        """Checkpoint of `ingest`."""
        return self.directory / "lake" / "_checkpoints" / "ingest"

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
        return {"bootstrap.servers": self.bootstrap}

    def make_topics(self) -> None:
        """Make the topics that the broker lacks, each of one partition."""
        ensure_topics(self.client, list(declared_topics({}, 1).values()))

    def send(self, load: int) -> None:
        """Send one of the loads; each has a producer and so a ledger of its own."""
        send_load(self.state_dir, self.bootstrap, self.ledgers, load)

    def land(self, *loads: int) -> None:
        """Send these loads, then run the app until all has landed.

        Raises:
            NotSurvivedError: it failed.
        """
        for load in loads:
            self.send(load)
        self._run("the streaming app", self.app())

    def land_stops(self, saying: str) -> None:
        """Run the app, which must refuse to go on and say why.

        Raises:
            NotSurvivedError: it went on, or did not say so.
        """
        code, said = self.app().run()
        if not code:
            raise NotSurvivedError("the streaming app went on and said nothing")
        if saying not in said:
            raise NotSurvivedError(f"the streaming app stopped without saying {saying!r}: {_last_line(said)}")

    def build(self) -> None:
        """Build everything that has landed.

        Raises:
            NotSurvivedError: it failed.
        """
        self._run("the build", self.builder())

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
        """The content hash of every published partition."""
        tables = read_published(self.lake).tables
        return {(table, key): partition.content_hash for table, partitions in tables.items() for key, partition in partitions.items()}

    def app(self, *, changed: str = "") -> Program:
        """The streaming app, which lands what is there and ends; with something of it `changed` where it is named."""
        return self._program(str(ROOT / "spark_apps" / "stream.py"), "--available-now", changed=changed)

    def builder(self) -> Program:
        """A build of everything that has landed, in a process of its own."""
        return self._program("playhead.cli", "build", "daily")

    def _run(self, what: str, program: Program) -> None:
        code, said = program.run()
        if code:
            raise NotSurvivedError(f"{what} ended with {code}: {_last_line(said)}")

    def _program(self, program: str, *arguments: str, changed: str = "") -> Program:
        change = changed or self.unguarded
        started = ["-m", "faults.changes", change, program] if change else [program] if program.endswith(".py") else ["-m", program]
        variables = environment(self.bootstrap, self.directory) | {"PLAYHEAD_SPARK_REMOTE": self.engine}
        return Program((sys.executable, *started, *arguments), self.directory, variables)


@contextmanager
def open_scene(state_dir: Path, engine: str, *, unguarded: str = "") -> Iterator[Scene]:
    """A scene of its own, empty, that goes with its broker."""
    with tempfile.TemporaryDirectory(prefix="fault-", dir=state_dir) as directory, running_broker(Path(directory) / "broker") as bootstrap:
        home = Path(directory) / "home"
        home.mkdir()
        scene = Scene(bootstrap, home, engine, state_dir, unguarded)
        scene.make_topics()
        yield scene


def _last_line(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
