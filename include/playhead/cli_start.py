"""What most commands begin with: the settings and the batch engine, imported only then, so that `--help` and completion are quick."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playhead.errors import StackError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from playhead.settings import Settings

_ANSWER_TIMEOUT_S = 5.0
_SPARK_CONNECT_PORT = 15002


def settings() -> Settings:
    """The settings of this process."""
    from playhead.settings import get_settings

    return get_settings()


def engine(remote: str) -> SparkSession:
    """A session on the batch engine at `remote`.

    Raises:
        StackError: nobody listens there. Spark's own client would try again for minutes.
    """
    from playhead.spark import connect

    address = urlsplit(remote)
    try:
        socket.create_connection((address.hostname or "", address.port or _SPARK_CONNECT_PORT), timeout=_ANSWER_TIMEOUT_S).close()
    except OSError as error:
        raise StackError(f"no Spark answers at {remote} ({error}); start it with `playhead up`, or set PLAYHEAD_SPARK_REMOTE") from error
    return connect(remote)


def complete_table(incomplete: str) -> list[str]:
    """Names of tables, for the shell."""
    from playhead.contracts.model import table_names

    return [name for name in table_names() if name.startswith(incomplete)]


def complete_view(incomplete: str) -> list[str]:
    """Names of BI views, for the shell."""
    from playhead.contracts.model import contracts

    return [view.upper() for view in contracts().views if view.startswith(incomplete.lower())]


def complete_contract(incomplete: str) -> list[str]:
    """Names of tables and event types, for the shell."""
    from playhead.contracts.model import event_types

    return [*complete_table(incomplete), *(name for name in event_types() if name.startswith(incomplete))]
