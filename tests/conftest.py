"""Fixtures that all tests share: one Spark session on one Connect server, one mail server, and a lake of its own for each test."""

from __future__ import annotations

import email
import os
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tenacity import retry, stop_after_delay, wait_fixed
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from playhead.io.mail import MailServer

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Two workers of much the same length (`make test`): the benches come first in the one, whose rest starts no engine and asks for little
# beside the stack of the other, which comes last there and stays up until the end.
_BESIDE = ("architecture", "benchmarks", "conformance", "orchestration", "oracle", "unit", "warehouse")
_LAST = ("browser", "observability", "load_test", "faults", "e2e")


def pytest_configure() -> None:
    """A worker of pytest-xdist is told the size of a terminal that it does not have; what a command shows hangs on it."""
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)


def _part(path: str) -> str:
    """The directory of tests that a test, by its file or its id, is in."""
    return Path(path).relative_to("tests").parts[0]


class TwoGroups(LoadScopeScheduling):
    """Two groups of tests, each in one process from beginning to end: its tests share an engine, a stack, or Airflow's environment."""

    def _split_scope(self, nodeid: str) -> str:
        return "beside" if _part(nodeid) in _BESIDE else "engines"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> TwoGroups:
    """How pytest-xdist deals out tests."""
    return TwoGroups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What has a stack comes last."""
    parts = {item: _part(item.nodeid) for item in items}
    items.sort(key=lambda item: _LAST.index(parts[item]) + 1 if parts[item] in _LAST else 0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI a skip is a failure: a part that is not here would otherwise go untested in silence."""
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under CI: {report.longrepr}"
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A failure is told when it happens: a run that is cut off never comes to its summary."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        now = datetime.now(UTC).strftime("%H:%M:%S")
        print(f"\n{now} FAILED {report.nodeid} ({report.when}, {report.duration:.0f} s)", file=sys.stderr, flush=True)


@pytest.fixture(scope="session")
def spark_remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Spark Connect server that all tests share.

    PLAYHEAD_TEST_REMOTE=sc://host:port uses a server that is already up (faster when working on one test).
    """
    remote = os.environ.get("PLAYHEAD_TEST_REMOTE")
    if remote:
        yield remote
        return
    from playhead.local.spark_connect import running_server

    with running_server(tmp_path_factory.mktemp("spark_connect")) as address:
        yield address


@pytest.fixture(scope="session")
def spark(spark_remote: str) -> Iterator[SparkSession]:
    """The batch engine as the product runs it: a client on the Connect server."""
    from playhead.spark import connect

    session = connect(spark_remote)
    yield session
    # Before its server ends: an open client would go on looking for it when the interpreter exits.
    session.stop()


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """Root of a lake that only this test sees."""
    return str(tmp_path / "lake")


class MailSink:
    """What a mail server took, as it keeps it on disk."""

    def __init__(self, directory: Path, port: int) -> None:
        self.server = MailServer("127.0.0.1", port)
        self._new = directory / "new"
        self._seen: set[Path] = set()

    def fresh(self) -> list[EmailMessage]:
        """The mails taken since it was last asked, by subject."""
        files = {path for path in self._new.iterdir() if path.is_file()} - self._seen if self._new.is_dir() else set()
        self._seen |= files
        mails = [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
        return sorted(mails, key=lambda mail: mail["Subject"])


@pytest.fixture(scope="session")
def _mail_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    directory = tmp_path_factory.mktemp("mail") / "box"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Mailbox", str(directory)]
    process = subprocess.Popen(command)
    try:
        retry(stop=stop_after_delay(20), wait=wait_fixed(0.05))(socket.create_connection)(("127.0.0.1", port), 1).close()
        yield directory, port
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def mail_sink(_mail_process: tuple[Path, int]) -> MailSink:
    """A real mail server; what earlier tests sent is not fresh."""
    sink = MailSink(*_mail_process)
    sink.fresh()
    return sink
