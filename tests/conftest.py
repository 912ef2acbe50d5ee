"""Fixtures that all tests share: one Spark session on one Connect server, and a lake of its own for each test."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI a skip is a failure: a part that is not here would otherwise go untested in silence."""
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under CI: {report.longrepr}"
    return report


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
