"""The one error tree of Playhead. A message says what failed, the value, and the next step."""


class PlayheadError(Exception):
    """Root of every error that Playhead raises on purpose; the command line prints it as one line."""


class ContractError(PlayheadError):
    """A contract is malformed, or data does not have the shape its contract promises."""


class SettingsError(PlayheadError):
    """A setting is missing or wrong."""


class StackError(PlayheadError):
    """A part of the embedded stack is missing, busy, or unhealthy."""


class BrokerError(PlayheadError):
    """Kafka cannot be reached, or refused what was asked of it."""


class BuildError(PlayheadError):
    """A build cannot plan, stage or publish."""


class GateError(PlayheadError):
    """A quality gate refused partitions; they stay pending and are named in the message."""


class LockHeldError(PlayheadError):
    """Another process owns the table; the message names the holder."""


class WarehouseError(PlayheadError):
    """The warehouse refused a load, or its contents do not reconcile with the lakehouse."""


class MismatchError(WarehouseError):
    """A load does not reconcile with the lakehouse; nothing was changed."""


class ModelError(PlayheadError):
    """The churn model cannot be trained, promoted, verified or used."""


class BooksError(PlayheadError):
    """Ledgers, bronze and silver do not agree; the message names the minutes, tables and ids."""
