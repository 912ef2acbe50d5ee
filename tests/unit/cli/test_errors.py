"""How `playhead` ends: one line for an error, and the exit code that says what kind it is. Each case is a process of its own."""

from __future__ import annotations

import errno
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from playhead import cli_errors
from playhead.errors import ExitCode, LockHeldError, MismatchError, PlayheadError, SettingsError, StackError, WarehouseAbsentError
from playhead.settings import Settings

# A command that meets a defect of its own, or is interrupted: the settings cannot be had.
_BROKEN = """
from playhead import cli, cli_topics
from playhead.errors import StackError
def settings():
    raise {error}
cli_topics.settings = settings
cli.main()
"""


def playhead(*arguments: str, home: Path, error: str | None = None) -> subprocess.CompletedProcess[str]:
    start = ["-m", "playhead.cli"] if error is None else ["-c", _BROKEN.format(error=error)]
    environment = os.environ | {"PLAYHEAD_STATE_DIR": str(home / "state"), "PLAYHEAD_PORT_BASE": "64000", "TMPDIR": str(home)}
    return subprocess.run([sys.executable, *start, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("status", "--nonsense"), ExitCode.USAGE, "see `playhead status --help`"),
        (("nonsense",), ExitCode.USAGE, "No such command 'nonsense'; see `playhead --help`"),
        (("restatements", "--table", "gold.nothing"), ExitCode.USAGE, "there is no table 'gold.nothing'"),
        (("metrics", "v_nothing"), ExitCode.USAGE, "no view is called v_nothing; there are V_AD_PERFORMANCE"),
        (("contracts", "show", "nothing"), ExitCode.USAGE, "list them with `playhead contracts list`"),
        (("logs", "nothing"), ExitCode.USAGE, "its parts are kafka"),
        (("quarantine", "list"), ExitCode.ABSENT, "start it with `playhead up`"),
        (("logs",), ExitCode.ABSENT, "start the stack with `playhead up`"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_error__is_one_line_with_the_next_step(tmp_path: Path, arguments: tuple[str, ...], code: ExitCode, told: str) -> None:
    done = playhead(*arguments, home=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert told in line


def test_status__of_no_stack_is_no(tmp_path: Path) -> None:
    done = playhead("status", "--json", home=tmp_path)
    assert (done.returncode, done.stderr) == (ExitCode.NO, "")


def test_help__without_a_command_is_wrong_use(tmp_path: Path) -> None:
    done = playhead(home=tmp_path)
    assert (done.returncode, "Usage: playhead" in done.stdout) == (ExitCode.USAGE, True)


def test_defect__is_one_line_that_names_the_file_with_its_traceback(tmp_path: Path) -> None:
    done = playhead("topics", "list", home=tmp_path, error="ZeroDivisionError('a [bold] line\\nand another')")
    assert done.returncode == ExitCode.DEFECT
    (line,) = done.stderr.splitlines()
    found = re.fullmatch(r"error: ZeroDivisionError: a \[bold\] line; this is a defect: (\S+) holds its traceback, .*", line)
    assert found
    kept = Path(found[1])
    assert "in settings" in kept.read_text(encoding="utf-8")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_defect__is_told_where_no_file_can_be_written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cli_errors.tempfile, "NamedTemporaryFile", refuse)
    app = typer.Typer()

    @app.command()
    def divide() -> float:
        return 1 / 0

    monkeypatch.setattr(sys, "argv", ["playhead"])
    assert cli_errors.run(app) == ExitCode.DEFECT
    assert "division by zero; this is a defect: its traceback cannot be kept (No space left on device)" in capsys.readouterr().err


def test_error__of_several_lines_is_one(tmp_path: Path) -> None:
    done = playhead("topics", "list", home=tmp_path, error="StackError('its log ends with:\\na line\\nand [another]')")
    assert done.stderr == "error: its log ends with: a line and [another]\n"


def test_debug__leaves_drivers_quiet_that_tell_what_they_send(tmp_path: Path) -> None:
    level = "StackError(__import__('logging').getLogger('snowflake').getEffectiveLevel())"
    assert playhead("--debug", "topics", "list", home=tmp_path, error=level).stderr.endswith(f"error: {logging.INFO}\n")


@pytest.mark.parametrize(("error", "code"), [("ZeroDivisionError", ExitCode.DEFECT), ("StackError('busy')", ExitCode.ABSENT)])
def test_debug__shows_the_traceback(tmp_path: Path, error: str, code: ExitCode) -> None:
    done = playhead("--debug", "topics", "list", home=tmp_path, error=error)
    assert done.returncode == code
    assert "Traceback (most recent call last)" in done.stderr
    assert "Traceback" not in playhead("--verbose", "topics", "list", home=tmp_path, error=error).stderr


def test_interrupt__has_a_code_of_its_own_and_no_words(tmp_path: Path) -> None:
    done = playhead("topics", "list", home=tmp_path, error="KeyboardInterrupt")
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.INTERRUPTED, "", "")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PlayheadError, ExitCode.NO),
        (MismatchError, ExitCode.NO),
        (SettingsError, ExitCode.USAGE),
        (StackError, ExitCode.ABSENT),
        (LockHeldError, ExitCode.ABSENT),
        (WarehouseAbsentError, ExitCode.ABSENT),
    ],
)
def test_errors__say_how_a_command_exits(error: type[PlayheadError], code: ExitCode) -> None:
    assert error.exit_code is code


def test_warehouse__that_does_not_answer_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    from playhead.io import snowflake

    def refuse(**_parameters: object) -> None:
        raise snowflake.SnowflakeError("refused")

    monkeypatch.setattr(snowflake.snowflake.connector, "connect", refuse)
    with pytest.raises(WarehouseAbsentError, match="start it with `playhead up`"):
        snowflake.warehouse_connection(Settings())


def test_completion__knows_commands_parts_and_tables(tmp_path: Path) -> None:
    environment = os.environ | {"_PLAYHEAD_COMPLETE": "complete_bash", "PLAYHEAD_STATE_DIR": str(tmp_path)}

    def completed(line: str, word: int) -> list[str]:
        asked = environment | {"COMP_WORDS": line, "COMP_CWORD": str(word)}
        done = subprocess.run([sys.executable, "-m", "playhead.cli"], env=asked, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout.split()

    assert completed("playhead sta", 1) == ["status"]
    assert completed("playhead logs str", 2) == ["stream"]
    assert completed("playhead contracts show silver.pl", 3) == ["silver.playbacks"]
    assert completed("playhead contracts show video_pl", 3) == ["video_play"]
    assert completed("playhead metrics V_TOP", 2) == ["V_TOP_CONTENT"]
