"""Processes are killed, or made to fail, at exact points."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from faults.model import NotInjectedError, SilentError
from faults.programs import Program

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def python(directory: Path, code: str) -> Program:
    return Program((sys.executable, "-c", code), directory, dict(os.environ))


@needs_strace
def test_program_is_killed_before_the_call_is_made(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    python(tmp_path, f"import os; os.unlink({str(victim)!r}); open({str(tmp_path / 'after')!r}, 'w')").killed_at("unlink", victim)
    assert victim.exists()
    assert not (tmp_path / "after").exists()


@needs_strace
def test_program_that_never_comes_to_the_point_was_not_hurt(tmp_path: Path) -> None:
    with pytest.raises(NotInjectedError, match="nothing called unlink on victim"):
        python(tmp_path, "pass").killed_at("unlink", tmp_path / "victim")


@needs_strace
def test_program_must_fail_where_a_call_fails(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("x")
    python(tmp_path, f"open({str(victim)!r}).read()").fails_at("read", victim, "EIO")
    with pytest.raises(SilentError, match="EIO"):
        python(tmp_path, f"import contextlib\nwith contextlib.suppress(OSError): open({str(victim)!r}).read()").fails_at(
            "read", victim, "EIO"
        )
    with pytest.raises(NotInjectedError):
        python(tmp_path, "raise SystemExit(1)").fails_at("read", victim, "EIO")


def test_program_is_killed_as_soon_as_something_is_so(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    python(tmp_path, f"import signal; open({str(seen)!r}, 'w'); signal.pause()").killed_when(seen.exists)
    with pytest.raises(NotInjectedError):
        python(tmp_path, "pass").killed_when((tmp_path / "never").exists)
