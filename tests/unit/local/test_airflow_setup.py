"""Airflow's database: a new stack copies the empty one of the cache, an old stack migrates its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from playhead.local.airflow_setup import Migration


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for directory in ("airflow", "logs"):
        (tmp_path / "home" / directory).mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache that holds an empty database of the installed version."""
    template = tmp_path / "cache" / "airflow" / f"empty-{version('apache-airflow')}.db"
    template.parent.mkdir(parents=True)
    with closing(sqlite3.connect(template)) as database:
        database.execute("CREATE TABLE of_the_template (id INTEGER)")
    return tmp_path / "cache"


def tables(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as opened:
        return [name for (name,) in opened.execute("SELECT name FROM sqlite_master")]


def test_migration__a_new_stack_copies_the_cached_database(home: Path, cache: Path) -> None:
    with Migration(home, cache, {}) as migration:
        assert not migration.is_needed
        migration.finish()
    assert tables(home / "airflow" / "airflow.db") == ["of_the_template"]
    with Migration(home, cache, {}) as again:
        assert not again.is_needed


def test_migration__an_old_stack_keeps_and_migrates_its_own(home: Path, cache: Path) -> None:
    own = home / "airflow" / "airflow.db"
    with closing(sqlite3.connect(own)) as database:
        database.execute("CREATE TABLE of_the_stack (id INTEGER)")
    with Migration(home, cache, {"AIRFLOW_HOME": str(home / "airflow")}) as migration:
        assert migration.is_needed
    assert tables(own) == ["of_the_stack"]


def test_migration__without_a_cached_database_it_is_made(home: Path, tmp_path: Path) -> None:
    with Migration(home, tmp_path / "no-cache", {"AIRFLOW_HOME": str(home / "airflow")}) as migration:
        assert migration.is_needed
