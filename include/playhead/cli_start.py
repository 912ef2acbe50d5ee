"""What most commands begin with: the settings and the batch engine, imported only then, so that `--help` and completion are quick."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from playhead.settings import Settings


def settings() -> Settings:
    """The settings of this process."""
    from playhead.settings import get_settings

    return get_settings()


def engine(remote: str) -> SparkSession:
    """A session on the batch engine at `remote`.

    Raises:
        StackError: nobody listens there.
    """
    from playhead.spark import reach

    return reach(remote)


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
