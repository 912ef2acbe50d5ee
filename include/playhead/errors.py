"""The one error tree of Playhead. A message says what failed, the value, and the next step; the class says how a command exits."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the exit code of a command says."""

    meaning: str

    DONE = 0, "done; the answer is yes"
    NO = 1, "the answer is no: something differs, is not healthy, or was refused"
    USAGE = 2, "wrong use: a command, an option, a name or a setting"
    ABSENT = 3, "the stack or a part of it is not there, does not answer, or is busy"
    DEFECT = 70, "a defect of Playhead; the message names the file that holds its traceback"
    INTERRUPTED = 130, "interrupted with Ctrl-C"

    def __new__(cls, code: int, meaning: str) -> ExitCode:
        """A number with what it says."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


class PlayheadError(Exception):
    """Root of every error that Playhead raises on purpose; the command line prints it as one line."""

    exit_code: ClassVar[ExitCode] = ExitCode.NO


class ContractError(PlayheadError):
    """A contract is malformed, or data does not have the shape its contract promises."""


class SettingsError(PlayheadError):
    """A setting, an option or a name is missing or wrong."""

    exit_code = ExitCode.USAGE


class StackError(PlayheadError):
    """A part of the embedded stack is missing, busy, or unhealthy."""

    exit_code = ExitCode.ABSENT


class PastError(StackError):
    """Checkpoint, table and topics tell of different pasts; the message says which one a person has to restore."""


class BrokerError(PlayheadError):
    """Kafka cannot be reached, or refused what was asked of it."""

    exit_code = ExitCode.ABSENT


class MailError(PlayheadError):
    """The mail server cannot be reached, or refuses a mail."""

    exit_code = ExitCode.ABSENT


class BuildError(PlayheadError):
    """A build cannot plan, stage or publish."""


class GateError(PlayheadError):
    """A quality gate refused partitions; they stay pending and are named in the message."""


class LockHeldError(PlayheadError):
    """Another process owns the table; the message names the holder."""

    exit_code = ExitCode.ABSENT


class WarehouseError(PlayheadError):
    """The warehouse refused a load, or its contents do not reconcile with the lakehouse."""


class WarehouseAbsentError(WarehouseError):
    """The warehouse cannot be reached, or refuses the login."""

    exit_code = ExitCode.ABSENT


class MismatchError(WarehouseError):
    """A load does not reconcile with the lakehouse; nothing was changed."""


class ModelError(PlayheadError):
    """The churn model cannot be trained, promoted, verified or used."""


class TooEarlyError(ModelError):
    """There is not enough history yet; it comes with time, and nothing is wrong until then."""


class UnknownUserError(PlayheadError):
    """Nobody with this id was seen."""


class BooksError(PlayheadError):
    """Ledgers, bronze and silver do not agree; the message names the minutes, tables and ids."""
