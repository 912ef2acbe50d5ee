"""Contracts as earlier commits hold them, and what has changed since against the mode of each layer."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playhead.contracts.compatibility import Break, Mode, breaks
from playhead.contracts.model import Contracts
from playhead.contracts.shapes import Contract, EventType
from playhead.errors import ContractError

# Producers and the streaming app change one after the other, in any order, and old records are replayed.
_MODE_OF_EVENTS = Mode.FULL_TRANSITIVE
# Views and builds of the version before go on reading while a new one is rolled out, which reads what the old one wrote.
_MODE_OF_TABLES = Mode.FULL
_GIT_TIMEOUT_S = 60

Promise = Contract | EventType


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """A contract that has changed against its mode, in these fields, since a commit."""

    name: str
    mode: Mode
    since: str
    breaks: tuple[Break, ...]


def check_contracts(directory: Path, ref: str, mode: Mode | None = None) -> list[Incompatibility]:
    """What has changed in the contracts of `directory` since a commit against their modes, or against `mode`.

    A contract whose major version is higher than it was says by that that it breaks with its readers. One that is gone breaks with all.

    Raises:
        ContractError: there is no such commit, or it holds no such contracts.
    """
    new = promises(Contracts(directory))
    commits = _commits(directory, ref)
    found: list[Incompatibility] = []
    for number, commit in enumerate(commits):
        with contracts_at(directory, commit) as contracts:
            old = promises(contracts)
        for name in old.keys() - {each.name for each in found}:
            wanted = mode or mode_of(old[name])
            if number == 0 or wanted.is_transitive:
                broken = _breaks(old[name], new.get(name), wanted)
                found += [Incompatibility(name, wanted, commit[:12], broken)] if broken else []
    return sorted(found, key=lambda each: each.name)


def promises(contracts: Contracts) -> dict[str, Promise]:
    """Every event type and table of some contracts, by name."""
    events: dict[str, Promise] = {f"events.{name}": event for name, event in contracts.event_types.items()}
    return events | {name: contracts.contract(name) for name in contracts.table_names()}


def mode_of(promise: Promise) -> Mode:
    """How compatible a contract's changes have to be."""
    return _MODE_OF_EVENTS if isinstance(promise, EventType) else _MODE_OF_TABLES


@contextmanager
def contracts_at(directory: Path, commit: str) -> Iterator[Contracts]:
    """The contracts that a commit holds where `directory` is now."""
    archive = _git(directory, "archive", "--format=tar", commit, ".")
    with tempfile.TemporaryDirectory(prefix="playhead-contracts-") as target:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(target, filter="data")
        yield Contracts(Path(target))


def _breaks(was: Promise, now: Promise | None, mode: Mode) -> tuple[Break, ...]:
    if mode is Mode.NONE:
        return ()
    if now is None:
        return (Break("the contract", "is not there any more"),)
    if _major(now) > _major(was):
        return ()
    return tuple(breaks(was.columns, now.columns, mode))


def _major(promise: Promise) -> int:
    return int(promise.version.partition(".")[0])


def _commits(directory: Path, ref: str) -> list[str]:
    """The commits up to `ref` that changed the contracts, the newest first."""
    commit = _git(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").decode().strip()
    commits = _git(directory, "log", "--format=%H", commit, "--", ".").decode().split()
    if not commits:
        raise ContractError(f"{ref} holds no contracts at {directory}; name a commit that does")
    return commits


def _git(directory: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, check=True, timeout=_GIT_TIMEOUT_S)
    except FileNotFoundError as error:
        raise ContractError("contracts are compared with those of an earlier commit; install git") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip() or "no such commit"
        raise ContractError(f"git {' '.join(arguments)} in {directory}: {said}") from error
    return done.stdout
