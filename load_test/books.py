"""The books of a load, by anti-joins of ids: what its producer's ledger says, against bronze, and against silver."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
from deltalake import DeltaTable

from benchmarks.paced_events import PRODUCER_ID
from playhead.events.ledger import read_ledger
from playhead.io.delta_table import table_path
from playhead.quality.accounting import take_accounts
from playhead.settings import Settings

_LOADED = """
WITH landed AS (
        SELECT producer_sequence AS sequence FROM read_parquet($files, hive_partitioning = false) WHERE producer_id = $producer),
    promised AS (SELECT DISTINCT sequence FROM acked WHERE producer_id = $producer)
SELECT (SELECT count(*) FROM promised) AS acked,
    (SELECT count(*) FROM promised ANTI JOIN landed USING (sequence)) AS lost,
    (SELECT count(*) - count(DISTINCT sequence) FROM landed) AS doubled,
    (SELECT count(*) FROM landed ANTI JOIN (SELECT sequence FROM sent WHERE producer_id = $producer) USING (sequence)) AS unsent
"""


@dataclass(frozen=True, slots=True)
class Books:
    """Events of the load acknowledged; lost, doubled or never sent in bronze; and those that whole lake's silver lacks or repeats."""

    acked: int
    lost: int
    doubled: int
    unsent: int
    not_in_silver: int
    repeated_in_silver: int
    awaiting_build: int

    @property
    def wrong(self) -> int:
        """What should be nothing."""
        return self.lost + self.doubled + self.unsent + self.not_in_silver + self.repeated_in_silver + self.awaiting_build


def take_books(settings: Settings) -> Books:
    """The books of what the sender sent to a stack."""
    sent, acked = read_ledger(settings.ledger_dir)
    with duckdb.connect() as connection:
        connection.register("sent", sent)
        connection.register("acked", acked)
        files = DeltaTable(table_path(settings.lake, "bronze.events")).file_uris()
        found = connection.execute(_LOADED, {"files": files, "producer": PRODUCER_ID})
        loaded = dict(zip([column[0] for column in found.description], found.fetchall()[0], strict=True))
    accounts = take_accounts(settings.lake, settings.ledger_dir)
    return Books(
        **loaded,
        not_in_silver=accounts.valid_not_in_silver,
        repeated_in_silver=accounts.silver_repeated,
        awaiting_build=accounts.awaiting_build,
    )
