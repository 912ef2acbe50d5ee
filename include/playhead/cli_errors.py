"""How a command ends: one line for an error, with the next step, and an exit code that says what kind of end it is."""

from __future__ import annotations

import logging
import tempfile
import traceback

import typer
from rich.markup import escape

from playhead.cli_output import words
from playhead.errors import ExitCode, PlayheadError

_logger = logging.getLogger("playhead.cli")


def run(app: typer.Typer) -> int:
    """Run what the arguments of this process ask for, and return the exit code."""
    try:
        return int(app(prog_name="playhead", standalone_mode=False) or ExitCode.DONE)
    except PlayheadError as error:
        return _end(error, str(error), error.exit_code)
    except typer.TyperException as error:
        return _end(error, _usage(error), ExitCode.USAGE)
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        told = f"{type(error).__name__}: {first}; this is a defect: {_keep(error)}, `playhead --debug …` shows it"
        return _end(error, told, ExitCode.DEFECT)


def log_at(*, verbose: bool, debug: bool) -> None:
    """Log to standard error: warnings, or what happens, or that and tracebacks of errors."""
    logging.basicConfig(
        level=logging.INFO if verbose or debug else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    if debug:
        # Of ours alone: drivers tell at this level what they send, secrets too.
        logging.getLogger("playhead").setLevel(logging.DEBUG)


def _usage(error: typer.TyperException) -> str:
    """What is wrong, and where its right use is told; nothing where a group without a command has just shown its help."""
    told = error.format_message().rstrip(".")
    context: typer.Context | None = getattr(error, "ctx", None)
    return f"{told}; see `{context.command_path} --help`" if told and context else told


def _end(error: Exception, told: str, code: ExitCode) -> int:
    _logger.debug("traceback of the error below", exc_info=error)
    if told:
        words.print(f"[bold red]error:[/] {escape(' '.join(told.splitlines()))}", highlight=False, soft_wrap=True)
    return code


def _keep(error: Exception) -> str:
    """The traceback in a file that only its owner reads; a defect may not come a second time."""
    try:
        with tempfile.NamedTemporaryFile("w", prefix="playhead-", suffix=".txt", delete=False, encoding="utf-8") as file:
            file.writelines(traceback.format_exception(error))
    except OSError as unwritable:
        return f"its traceback cannot be kept ({unwritable.strerror})"
    return f"{file.name} holds its traceback"
