"""The books over literal ledgers and tables: each way to lose, repeat or invent an event shows in its own figure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from playhead.events.ledger import Ledger
from playhead.quality.accounting import Accounts, take_accounts

HOUR = datetime(2026, 1, 31, 5, tzinfo=UTC)
LATER = datetime(2026, 1, 31, 6, tzinfo=UTC)
TIME = pa.timestamp("us", tz="UTC")
BRONZE = pa.schema(
    [
        ("producer_id", pa.string()), ("producer_sequence", pa.int64()), ("replay_of", pa.string()), ("topic", pa.string()),
        ("partition", pa.int32()), ("offset", pa.int64()), ("family", pa.string()), ("event_id", pa.string()), ("event_hour", TIME),
        ("rejected_because", pa.list_(pa.string())), ("raw", pa.binary()), ("is_late", pa.bool_()),
    ]
)  # fmt: skip
SILVER = pa.schema([("event_id", pa.string()), ("event_hour", TIME)])
CONFLICTS = pa.schema([("event_id", pa.string()), ("event_hour", TIME), ("conflict", pa.string())])
BUILD_LOG = pa.schema([("run_kind", pa.string()), ("bronze_version", pa.int64()), ("pending_hours", pa.list_(TIME)), ("finished_at", TIME)])
TABLES = {"video": "video_events", "interaction": "interactions", "ad": "ad_events", "session": "session_events"}
Row = dict[str, Any]


class Books:
    """A lake and a ledger to put rows in."""

    def __init__(self, root: Path) -> None:
        self.lake = root / "lake"
        self.ledger = root / "ledger"

    def send(self, *sequences: int, acked: bool = True) -> None:
        ledger = Ledger(self.ledger, "p")
        rows = {"sequence": list(sequences), "event_id": [f"e{n}" for n in sequences], "topic": "t", "digest": "d"}
        ledger.record_sent(pa.table(rows | {name: [rows[name]] * len(sequences) for name in ("topic", "digest")}))
        if acked:
            ledger.record_acked(pa.array(sequences, pa.int64()))
        ledger.close()

    def land(self, *rows: Row) -> None:
        usual = {"producer_id": "p", "topic": "t", "partition": 0, "family": "video", "event_hour": HOUR, "is_late": False}
        numbered = [{"offset": row["producer_sequence"], "event_id": f"e{row['producer_sequence']}"} for row in rows]
        self._append("bronze/events", BRONZE, [{**usual, **number, **row} for number, row in zip(numbered, rows, strict=True)])

    def build(self, *ids: str, version: int = 0, pending: tuple[datetime, ...] = (), hour: datetime = HOUR, family: str = "video") -> None:
        self._append(f"silver/{TABLES[family]}", SILVER, [{"event_id": i, "event_hour": hour} for i in ids])
        row = {"run_kind": "pull", "bronze_version": version, "pending_hours": list(pending), "finished_at": LATER}
        self._append("ops/build_log", BUILD_LOG, [row])

    def conflict(self, event_id: str, hour: datetime) -> None:
        self._append("ops/id_conflicts", CONFLICTS, [{"event_id": event_id, "event_hour": hour, "conflict": "other_hour"}])

    def take(self) -> Accounts:
        return take_accounts(str(self.lake), self.ledger)

    def _append(self, table: str, schema: pa.Schema, rows: list[Row]) -> None:
        whole = [{name: row.get(name) for name in schema.names} for row in rows]
        write_deltalake(str(self.lake / table), pa.Table.from_pylist(whole, schema), mode="append")


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path)


def lands(*sequences: int, **change: Any) -> list[Row]:
    return [{"producer_sequence": n, **change} for n in sequences]


def test_accounts__every_event_is_somewhere_once(books: Books) -> None:
    books.send(*range(8))
    books.send(8, acked=False)
    books.land(
        *lands(0, 1),
        *lands(2, event_id="e1"),  # a duplicate of 1
        *lands(3, rejected_because=["malformed_json"], raw=b"{", event_hour=None, event_id=None, family=None),
        *lands(4, is_late=True),
        *lands(5, event_id="e0", event_hour=LATER),  # the id of 0 in another hour
        *lands(6, family="ad"),
        *lands(7, replay_of="t/0/3"),  # 3 came again and is sound now
        *lands(8),  # never acknowledged, landed all the same
    )
    books.conflict("e0", LATER)
    books.build("e0", "e1", "e7", "e8")
    books.build("e6", family="ad")

    accounts = books.take()

    assert accounts.to_dict() == {
        "sent": 9, "acked": 8, "bronze": 9, "silver": 5, "rejected": 1, "quarantined": 0, "late": 1, "duplicates": 1, "conflicts": 1,
        "awaiting_build": 0, "acked_not_in_bronze": 0, "valid_not_in_silver": 0, "bronze_not_sent": 0, "bronze_without_ledger": 0,
        "silver_not_landed": 0, "silver_repeated": 0, "unaccounted": 0, "is_balanced": True,
    }  # fmt: skip
    assert json.loads(accounts.to_json()) == accounts.to_dict()


def test_accounts__nothing_yet(books: Books) -> None:
    accounts = books.take()

    assert accounts.is_balanced
    assert set(accounts.to_dict().values()) == {0, True}


def test_accounts__lost_before_bronze(books: Books) -> None:
    books.send(0, 1)
    books.land(*lands(0))
    books.build("e0")

    accounts = books.take()

    assert (accounts.acked_not_in_bronze, accounts.unaccounted, accounts.is_balanced) == (1, 1, False)


def test_accounts__equal_counts_do_not_hide_a_loss(books: Books) -> None:
    """One lost and one invented: subtraction would say 0."""
    books.send(0, 1)
    books.land(*lands(0, 2))
    books.build("e0", "e2")

    accounts = books.take()

    assert accounts.bronze == accounts.acked == accounts.silver
    assert (accounts.acked_not_in_bronze, accounts.bronze_not_sent, accounts.is_balanced) == (1, 1, False)


def test_accounts__lost_between_bronze_and_silver(books: Books) -> None:
    books.send(0, 1)
    books.land(*lands(0, 1))
    books.build("e0")

    accounts = books.take()

    assert (accounts.valid_not_in_silver, accounts.unaccounted, accounts.is_balanced) == (1, 1, False)


def test_accounts__not_yet_built_is_not_lost(books: Books) -> None:
    books.send(0, 1, 2)
    books.land(*lands(0), *lands(1, event_hour=LATER))
    books.build("e0", version=0, pending=(LATER,))
    books.land(*lands(2))

    accounts = books.take()

    assert (accounts.awaiting_build, accounts.unaccounted, accounts.is_balanced) == (2, 0, True)


def test_accounts__repeated_or_invented_in_silver(books: Books) -> None:
    books.send(0)
    books.land(*lands(0))
    books.build("e0", "e0", "e9")

    accounts = books.take()

    assert (accounts.silver_repeated, accounts.silver_not_landed, accounts.is_balanced) == (1, 1, False)


def test_accounts__quarantine_holds_what_was_not_replayed(books: Books) -> None:
    books.send(0, 1)
    books.land(*lands(0, 1, rejected_because=["malformed_json"], raw=b"{", event_hour=None))
    books.build()

    accounts = books.take()

    assert (accounts.rejected, accounts.quarantined, accounts.is_balanced) == (2, 2, True)


def test_accounts__producers_with_their_ledger_elsewhere_are_told_apart(books: Books) -> None:
    books.send(0)
    books.land(*lands(0), {"producer_sequence": 7, "producer_id": "another"}, {"producer_sequence": None, "producer_id": None, "offset": 9})
    books.build("e0", "e7", "eNone")

    accounts = books.take()

    assert (accounts.bronze_without_ledger, accounts.bronze_not_sent, accounts.is_balanced) == (2, 0, True)
