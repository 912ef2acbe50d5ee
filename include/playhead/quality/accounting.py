"""The books: what was sent, acknowledged, landed and built, and what is unaccounted for (DESIGN invariant 1).

Every number of the proof is a set difference between ids in stored files (`quality.books`), never a subtraction of counts.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.events.ledger import read_ledger
from playhead.quality.books import open_books

if TYPE_CHECKING:
    import duckdb

# Everything below counts keys: an event is one (family, event_id, hour).
_EVENTS = """
CREATE TABLE known AS SELECT DISTINCT producer_id FROM sent;
CREATE TABLE built AS SELECT DISTINCT family, event_id, hour FROM built_rows;
CREATE TABLE wanted AS SELECT * FROM built ANTI JOIN conflicts USING (event_id, hour);
"""
_COUNTS = {
    "sent": "SELECT count(*) FROM (SELECT DISTINCT producer_id, sequence FROM sent)",
    "acked": "SELECT count(*) FROM (SELECT DISTINCT producer_id, sequence FROM acked)",
    "bronze": "SELECT count(*) FROM bronze",
    "silver": "SELECT count(*) FROM silver",
    "rejected": "SELECT count(*) FROM bronze WHERE is_rejected",
    "quarantined": """SELECT count(*) FROM bronze AS rejected ANTI JOIN (SELECT DISTINCT replay_of FROM bronze) AS replays
        ON replays.replay_of = concat_ws('/', rejected.topic, rejected."partition", rejected."offset") WHERE is_rejected""",
    "late": "SELECT count(*) FROM bronze WHERE is_overdue AND NOT is_rejected",
    "duplicates": "SELECT (SELECT count(*) FROM built_rows) - (SELECT count(*) FROM built)",
    "conflicts": "SELECT (SELECT count(*) FROM built) - (SELECT count(*) FROM wanted)",
    "awaiting_build": """SELECT count(*) FROM (SELECT DISTINCT family, event_id, hour FROM in_time
        ANTI JOIN built USING (family, event_id, hour))""",
    "acked_not_in_bronze": """SELECT count(*) FROM (SELECT DISTINCT producer_id, sequence FROM acked) AS acked ANTI JOIN bronze
        ON acked.producer_id = bronze.producer_id AND acked.sequence = bronze.producer_sequence""",
    "valid_not_in_silver": "SELECT count(*) FROM wanted ANTI JOIN silver USING (family, event_id, hour)",
    "bronze_not_sent": """SELECT count(*) FROM bronze SEMI JOIN known USING (producer_id) ANTI JOIN sent
        ON sent.producer_id = bronze.producer_id AND sent.sequence = bronze.producer_sequence""",
    "bronze_without_ledger": "SELECT count(*) FROM bronze ANTI JOIN known USING (producer_id)",
    "silver_not_landed": "SELECT count(*) FROM silver ANTI JOIN in_time USING (family, event_id, hour)",
    "silver_repeated": "SELECT count(*) - count(DISTINCT event_id) FROM silver",
}


@dataclass(frozen=True, slots=True)
class Accounts:
    """The books of a lake. Events waiting for the next build are counted apart: they are neither lost nor built.

    quarantined = rejected less replayed; late events are kept in bronze and not built; duplicates and conflicts were left out of silver;
    the last six are the proof, and all but bronze_without_ledger (records of producers whose ledger is elsewhere) must be 0.
    """

    sent: int
    acked: int
    bronze: int
    silver: int
    rejected: int
    quarantined: int
    late: int
    duplicates: int
    conflicts: int
    awaiting_build: int
    acked_not_in_bronze: int
    valid_not_in_silver: int
    bronze_not_sent: int
    bronze_without_ledger: int
    silver_not_landed: int
    silver_repeated: int

    @property
    def unaccounted(self) -> int:
        """Acknowledged events that are neither in bronze nor, where they should be, in silver."""
        return self.acked_not_in_bronze + self.valid_not_in_silver

    @property
    def is_balanced(self) -> bool:
        """True where nothing is unaccounted for, nothing unsent appeared and every id is there once."""
        return not (self.unaccounted or self.bronze_not_sent or self.silver_not_landed or self.silver_repeated)

    def to_dict(self) -> dict[str, int | bool]:
        """All figures, with the verdict."""
        return {**asdict(self), "unaccounted": self.unaccounted, "is_balanced": self.is_balanced}

    def to_json(self) -> str:
        """All figures, with the verdict, as JSON."""
        return json.dumps(self.to_dict(), indent=2)


def take_accounts(lake: str, ledger_dir: Path) -> Accounts:
    """Compare the ledgers with the stored files of bronze and silver, as they are now."""
    with open_books(lake) as books:
        sent, acked = read_ledger(ledger_dir)
        books.register("sent", sent)
        books.register("acked", acked)
        books.execute(_EVENTS)
        return Accounts(**{name: _number(books, query) for name, query in _COUNTS.items()})


def _number(books: duckdb.DuckDBPyConnection, query: str) -> int:
    row = books.execute(query).fetchone()
    return 0 if row is None else int(row[0])
