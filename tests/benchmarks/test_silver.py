"""What the bench `silver` compares, and the rules by which its peer makes silver."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from benchmarks.peers.duckdb_gold import duckdb_type
from benchmarks.peers.python_silver import FAMILIES, statement
from benchmarks.silver import TABLES, difference
from playhead.contracts.model import load_contract

BRONZE = {"rows": 10, "records": 10, "coordinates": "1", "rejected": 1, "reasons": "2", "accepted": "3"}
EQUAL = {"bronze": BRONZE, "silver": dict.fromkeys(TABLES, (3, 7))}


def _arrival(**values: object) -> dict[str, object]:
    moment = "2026-02-01 10:15:00Z"
    first = {"event_id": "a", "event_timestamp": moment, "event_hour": "2026-02-01 10:00:00Z", "kafka_timestamp": "2026-02-01 11:00:00Z"}
    return first | {"family": "video", "topic": "video_events", "partition": 0, "offset": 0, "device_id": "d"} | values


def _silver(asked: str, *rows: dict[str, object]) -> list[tuple[Any, ...]]:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    columns = ", ".join(f'"{c.name}" {duckdb_type(c.type)}' for c in load_contract("bronze.events").columns if "<" not in c.type)
    connection.execute(f"CREATE TABLE bronze ({columns}, rejected_because VARCHAR[])")
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        connection.execute(f"INSERT INTO bronze ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    return connection.execute(f"SELECT {asked} FROM ({statement('silver.video_events')})").fetchall()


def test_the_peer_makes_every_event_table() -> None:
    assert sorted(FAMILIES) == sorted(TABLES)


def test_the_peer_keeps_the_first_arrival_of_an_id_in_its_hour() -> None:
    rows = [
        _arrival(video_id="later", kafka_timestamp="2026-02-01 11:00:01Z"),
        _arrival(video_id="at once, behind", offset=1),
        _arrival(video_id="first"),
        _arrival(video_id="other hour", event_timestamp="2026-02-01 11:00:00Z", event_hour="2026-02-01 11:00:00Z"),
    ]
    assert _silver("content_id", *rows) == [("first",), ("other hour",)]


@pytest.mark.parametrize("broken", [{"rejected_because": ["x"]}, {"raw": b"x"}, {"is_late": True}, {"family": "ad"}])
def test_the_peer_leaves_out_what_silver_does(broken: dict[str, object]) -> None:
    assert len(_silver("event_id", _arrival())) == 1
    assert _silver("event_id", _arrival(**broken)) == []


def test_the_peer_rounds_the_decimal_that_was_sent() -> None:
    # 0.5005 * 1000 is 500.49999999999994 in binary.
    assert _silver("startup_ms, bitrate_kbps, viewer_id", _arrival(startup_time=0.5005, bitrate=2.5)) == [(501, 3, "d")]


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        pytest.param({"bronze": BRONZE | {"rows": 9}}, "peer holds 9 rows", id="lost"),
        pytest.param({"bronze": BRONZE | {"reasons": "9"}}, "reasons differ", id="other reason"),
        pytest.param({"silver": EQUAL["silver"] | {TABLES[0]: (4, 7)}}, "rows differ", id="one more row"),
        pytest.param({"silver": EQUAL["silver"] | {TABLES[-1]: (3, 8)}}, "rows differ", id="another value"),
    ],
)
def test_unequal_layers_are_told(layers: dict[str, Any], told: str) -> None:
    assert (difference({"ours": EQUAL, "peer": EQUAL | layers}, 10) or "").startswith(told)


def test_empty_tables_prove_nothing() -> None:
    empty = EQUAL | {"silver": EQUAL["silver"] | {TABLES[0]: (0, 0)}}
    assert difference({"ours": empty, "peer": empty}, 10) == f"{TABLES[0]} came out empty"
    assert difference({"ours": EQUAL, "peer": dict(EQUAL)}, 10) is None
