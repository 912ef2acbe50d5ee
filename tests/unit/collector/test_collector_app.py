"""The collector's answers: what a sender is told, and that nothing is lost between the answer and the broker."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from playhead.collector.app import create_app
from playhead.collector.batching import Bounds
from playhead.collector.catalogue import Catalogue
from playhead.collector.plays import Plays
from playhead.collector.requests import Limits
from playhead.errors import BrokerError
from playhead.events.producer import Record

LIMITS = Limits({"video_events": 2000, "user_interactions": 8000, "ad_events": 2000, "session_events": 2000}, body_bytes=20_000, events=10)
LIKE: dict[str, Any] = {
    "event_id": "0b5a4c3e-1111-4222-8333-944455566677",
    "event_type": "user_like",
    "event_timestamp": "2026-01-01T00:00:00.000Z",
    "schema_version": 1,
    "session_id": "s-1",
    "user_id": "u-1",
    "device_id": "d-1",
    "device_type": "tv",
    "platform": "web",
    "app_version": "1.0",
    "content_id": "t-1",
    "content_type": "movie",
}
BROKEN = {**LIKE, "event_id": "1b5a4c3e-1111-4222-8333-944455566677", "device_type": "fridge", "content_id": None}
REQUEST_LINE = b'cid="t-1",e=ps,sid="p-1",sn=0,sta=s,ts=1767225600000,v=2'  # 2026-01-01T00:00:00Z
START_LINE = b'br=(800),cid="t-1",e=ps,sid="p-1",sn=1,sta=p,ts=1767225600400,v=2'


class Broker:
    """A thin stand-in for the broker: keeps records, can be told to wait or to fail."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.batches: list[int] = []
        self.open = threading.Event()
        self.open.set()
        self.is_down = False
        self.is_closed = False

    def send(self, records: Sequence[Record]) -> None:
        self.open.wait(10)
        if self.is_down:
            raise BrokerError("no Kafka broker answers at 127.0.0.1:1; start it with `playhead up`")
        self.batches.append(len(records))
        self.records += records

    def is_up(self) -> bool:
        return not self.is_down

    def close(self) -> None:
        self.is_closed = True


@asynccontextmanager
async def collecting(home: Path, broker: Broker, bounds: Bounds | None = None) -> AsyncIterator[httpx.AsyncClient]:
    title = {"content_title": "Title", "content_type": "movie", "content_duration": 100, "popularity": 3}
    (home / "catalogue.json").write_text(json.dumps({"t-1": title}), encoding="utf-8")
    app = create_app(broker, Catalogue(home / "catalogue.json"), Plays(home / "plays.sqlite"), LIMITS, bounds)
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 5000))
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://collector") as client:
        yield client


@pytest.fixture
def broker() -> Broker:
    return Broker()


Talk = Callable[[httpx.AsyncClient], Coroutine[Any, Any, httpx.Response]]


@pytest.fixture
def ask(tmp_path: Path, broker: Broker) -> Callable[[Talk], httpx.Response]:
    """Runs a conversation with a collector of its own."""

    def run(talk: Talk) -> httpx.Response:
        async def conversation() -> httpx.Response:
            async with collecting(tmp_path, broker) as client:
                return await talk(client)

        return asyncio.run(conversation())

    return run


Ask = Callable[[Talk], httpx.Response]


def test_collector__accepted_event_is_a_record_with_what_only_the_acceptor_knows(ask: Ask, broker: Broker) -> None:
    answer = ask(lambda c: c.post("/v1/events", json={**LIKE, "received_at": "1999-01-01T00:00:00.000Z", "country": None}))
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "event_ids": [LIKE["event_id"]], "rejected": []})
    (record,) = broker.records
    value = json.loads(record.value)
    assert (record.topic, record.key, record.event_id) == ("user_interactions", "u-1", LIKE["event_id"])
    assert value["ip_address"] == "203.0.113.7"
    assert value["user_agent"].startswith("python-httpx")
    assert value["received_at"] > "2026", "received_at is the acceptor's, whatever the sender wrote"
    assert dict(record.headers) == {"received_at": value["received_at"].encode()}
    assert "country" not in value
    assert broker.is_closed


def test_collector__anonymous_viewers_are_keyed_by_session(ask: Ask, broker: Broker) -> None:
    ask(lambda c: c.post("/v1/events", json={**LIKE, "user_id": None}))
    assert [record.key for record in broker.records] == ["s-1"]


def test_collector__mixed_batch_takes_the_sound_and_names_the_broken(ask: Ask, broker: Broker) -> None:
    answer = ask(lambda c: c.post("/v1/events", json=[LIKE, BROKEN, 3]))
    assert answer.status_code == 207
    assert answer.json()["accepted"] == 1
    assert [(r["index"], r.get("event_id"), r["reasons"]) for r in answer.json()["rejected"]] == [
        (1, BROKEN["event_id"], ["required:content_id", "enum:device_type"]),
        (2, None, ["not_an_object"]),
    ]
    assert [record.event_id for record in broker.records] == [LIKE["event_id"]]


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        (b"{", ["malformed_json"]),
        (b"\xff", ["invalid_utf8"]),
        (b'{"event_type": "user_like", "event_type": "user_like"}', ["duplicate_key"]),
        (b"7", ["not_an_object"]),
        (b"{}", ["required:event_type"]),
    ],
)
def test_collector__nothing_sound_is_400_with_reasons(ask: Ask, broker: Broker, body: bytes, reasons: list[str]) -> None:
    answer = ask(lambda c: c.post("/v1/events", content=body))
    assert answer.status_code == 400
    assert [r["reasons"] for r in answer.json()["rejected"]] == [reasons]
    assert broker.records == []


def test_collector__one_broken_line_spoils_no_other(ask: Ask, broker: Broker) -> None:
    body = b"\n".join([json.dumps(LIKE).encode(), b"{", json.dumps(BROKEN).encode()])
    answer = ask(lambda c: c.post("/v1/events", content=body, headers={"content-type": "application/x-ndjson"}))
    assert (answer.status_code, answer.json()["accepted"]) == (207, 1)
    assert [(r["index"], r["reasons"][0]) for r in answer.json()["rejected"]] == [(1, "malformed_json"), (2, "required:content_id")]
    assert len(broker.records) == 1


def test_collector__lines_are_recognised_without_a_content_type(ask: Ask) -> None:
    body = json.dumps(LIKE) + "\n" + json.dumps({**LIKE, "event_id": BROKEN["event_id"]}) + "\n"
    assert ask(lambda c: c.post("/v1/events", content=body)).json()["accepted"] == 2


def test_collector__body_over_the_limit_is_413_and_says_the_limit(ask: Ask, broker: Broker) -> None:
    answer = ask(lambda c: c.post("/v1/events", content=b" " * 20_001))
    assert (answer.status_code, answer.json()["limit"], answer.json()["unit"]) == (413, 20_000, "bytes")
    assert broker.records == []


def test_collector__too_many_events_is_413_and_says_the_limit(ask: Ask, broker: Broker) -> None:
    answer = ask(lambda c: c.post("/v1/events", json=[LIKE] * 11))
    assert (answer.status_code, answer.json()["limit"], answer.json()["unit"]) == (413, 10, "events")
    assert broker.records == []


def test_collector__event_over_its_topics_limit_is_413_with_the_reason(ask: Ask, broker: Broker) -> None:
    large = {**LIKE, "interaction_context": "player", "cart": "x" * 8000}
    answer = ask(lambda c: c.post("/v1/events", json=large))
    (rejected,) = answer.json()["rejected"]
    assert (answer.status_code, rejected["reasons"]) == (413, ["too_large"])
    assert "takes 8000" in rejected["details"][0]
    assert broker.records == []


def test_collector__broker_down_is_503_and_nothing_is_promised(ask: Ask, broker: Broker) -> None:
    broker.is_down = True
    answer = ask(lambda c: c.post("/v1/events", json=LIKE))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["error"] == "broker_unavailable"
    assert "playhead up" in answer.json()["message"]


def test_collector__works_again_when_the_broker_does(ask: Ask, broker: Broker) -> None:
    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        broker.is_down = True
        assert (await client.post("/v1/events", json=LIKE)).status_code == 503
        broker.is_down = False
        return await client.post("/v1/events", json=LIKE)

    assert ask(talk).status_code == 200


def test_collector__unexpected_failure_answers_503_and_later_requests_work(ask: Ask, broker: Broker) -> None:
    """The worker that sends must outlive any failure, or every later request would wait for ever."""
    healthy = broker.send

    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        broker.send = lambda _: 1 / 0  # type: ignore[assignment, method-assign, return-value]
        assert (await client.post("/v1/events", json=LIKE)).status_code == 503
        broker.send = healthy  # type: ignore[method-assign]
        return await client.post("/v1/events", json=LIKE)

    assert ask(talk).status_code == 200


def test_collector__full_queue_is_429_while_the_accepted_still_arrive(tmp_path: Path, broker: Broker) -> None:
    async def conversation() -> list[int]:
        broker.open.clear()
        async with collecting(tmp_path, broker, Bounds(events=2)) as client:
            waiting = [asyncio.create_task(client.post("/v1/events", json=LIKE)) for _ in range(2)]
            await asyncio.sleep(0.05)
            refused = await client.post("/v1/events", json=LIKE)
            assert refused.headers["retry-after"] == "1"
            assert refused.json()["error"] == "back_pressure"
            broker.open.set()
            return [answer.status_code for answer in await asyncio.gather(*waiting)] + [refused.status_code]

    assert asyncio.run(conversation()) == [200, 200, 429]
    assert len(broker.records) == 2


def test_collector__answers_only_after_the_broker(tmp_path: Path, broker: Broker) -> None:
    async def conversation() -> None:
        broker.open.clear()
        async with collecting(tmp_path, broker) as client:
            waiting = asyncio.create_task(client.post("/v1/events", json=LIKE))
            done, _ = await asyncio.wait([waiting], timeout=0.2)
            assert done == set(), "answered before the acknowledgement"
            broker.open.set()
            assert (await waiting).status_code == 200

    asyncio.run(conversation())


def test_collector__concurrent_requests_share_a_batch(tmp_path: Path, broker: Broker) -> None:
    async def conversation() -> None:
        async with collecting(tmp_path, broker, Bounds(linger_s=0.1)) as client:
            await asyncio.gather(*(client.post("/v1/events", json=LIKE) for _ in range(20)))

    asyncio.run(conversation())
    assert sum(broker.batches) == 20
    assert len(broker.batches) <= 2


def test_collector__cmcd_lines_become_events(ask: Ask, broker: Broker) -> None:
    answer = ask(lambda c: c.post("/v1/cmcd", content=REQUEST_LINE + b"\n" + START_LINE + b"\n"))
    assert (answer.status_code, answer.json()["accepted"], answer.json()["ignored"]) == (200, 2, [])
    request, start = [json.loads(record.value) for record in broker.records]
    assert (request["event_type"], request["content_title"], request["ip_address"]) == ("video_play", "Title", "203.0.113.7")
    assert "popularity" not in request
    assert start["startup_time"] == 0.4
    assert {record.key for record in broker.records} == {"p-1"}


def test_collector__cmcd_says_per_line_what_it_did(ask: Ask) -> None:
    lines = [REQUEST_LINE, b"?", REQUEST_LINE.replace(b"t-1", b"t-2"), b'cid="t-1",e=pr,pr=2,sid="p-1",sn=1,ts=1767225600100,v=2']
    answer = ask(lambda c: c.post("/v1/cmcd", content=b"\n".join(lines)))
    assert (answer.status_code, answer.json()["accepted"]) == (207, 1)
    assert [(r["index"], r["reasons"]) for r in answer.json()["rejected"]] == [(1, ["malformed_cmcd"]), (2, ["unknown_content"])]
    assert answer.json()["ignored"] == [{"index": 3, "reason": "playback_rate"}]


def test_collector__cmcd_retry_after_503_has_the_same_ids(ask: Ask, broker: Broker) -> None:
    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        await client.post("/v1/cmcd", content=REQUEST_LINE)
        broker.is_down = True
        assert (await client.post("/v1/cmcd", content=START_LINE)).status_code == 503
        broker.is_down = False
        await client.post("/v1/cmcd", content=START_LINE)
        return await client.post("/v1/cmcd", content=START_LINE)

    assert ask(talk).status_code == 200
    first, second = [json.loads(record.value) for record in broker.records[1:]]
    assert first["startup_time"] == second["startup_time"] == 0.4
    assert first["event_id"] == second["event_id"]


def test_collector__remembers_plays_over_a_restart(tmp_path: Path, broker: Broker) -> None:
    async def conversation() -> None:
        for line in (REQUEST_LINE, START_LINE):
            async with collecting(tmp_path, broker) as client:
                await client.post("/v1/cmcd", content=line)

    asyncio.run(conversation())
    assert json.loads(broker.records[1].value)["startup_time"] == 0.4


def test_collector__unreadable_catalogue_is_503_with_what_to_do(ask: Ask, tmp_path: Path) -> None:
    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        (tmp_path / "catalogue.json").write_text("{", encoding="utf-8")
        return await client.post("/v1/cmcd", content=REQUEST_LINE)

    answer = ask(talk)
    assert (answer.status_code, answer.json()["error"]) == (503, "collector_unavailable")
    assert "is not a catalogue" in answer.json()["message"]


def test_collector__pages_of_any_origin_may_report(ask: Ask) -> None:
    headers = {"origin": "https://tv.example", "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    answer = ask(lambda c: c.options("/v1/cmcd", headers=headers))
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


def test_collector__health_follows_the_broker(ask: Ask, broker: Broker) -> None:
    assert ask(lambda c: c.get("/healthz")).status_code == 200
    broker.is_down = True
    answer = ask(lambda c: c.get("/healthz"))
    assert (answer.status_code, answer.json()) == (503, {"status": "degraded", "broker": "down"})


def test_collector__every_event_is_counted_once(ask: Ask) -> None:
    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        await client.post("/v1/events", json=[LIKE, BROKEN])
        await client.post("/v1/cmcd", content=REQUEST_LINE + b"\n" + REQUEST_LINE.replace(b"sn=0,sta=s", b"sn=1,sta=d"))
        return await client.get("/metrics")

    lines = ask(talk).text.splitlines()
    given = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line.startswith("playhead_collector_given_total")}
    assert {key: count for key, count in given.items() if count} == {
        'playhead_collector_given_total{endpoint="events",outcome="accepted"}': 1,
        'playhead_collector_given_total{endpoint="events",outcome="rejected"}': 1,
        'playhead_collector_given_total{endpoint="cmcd",outcome="accepted"}': 1,
        'playhead_collector_given_total{endpoint="cmcd",outcome="ignored"}': 1,
    }
    assert 'playhead_collector_reasons_total{endpoint="cmcd",reason="preload"} 1.0' in lines
