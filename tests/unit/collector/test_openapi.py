"""The collector held to its own description: whatever a client sends, it answers as it says, and never fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks

from playhead.collector.app import create_app
from playhead.collector.catalogue import Catalogue
from playhead.collector.openapi import describe_collector
from playhead.collector.plays import Plays
from playhead.collector.requests import Limits
from playhead.contracts.model import event_types
from playhead.events.producer import Record
from playhead.io.topics import declared_topics
from playhead.local.processes import LOOPBACK, free_port, wait_until

load_all_checks()
KEPT = CHECKS.get_by_names(["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"])
TITLE = {"content_title": "Title", "content_type": "movie", "content_duration": 100, "popularity": 3}
WHOLE = st.integers(0, 10**15 - 1)
STATES = st.sampled_from(["ps,sta=s", "ps,sta=p", "ps,sta=r", "ps,sta=f", "e,ec=(42)", "t", "bc", "ce,cen=stop"])
LINES = st.builds('br=(800),bsd=({}),cid="t-1",e={},sid="p",sn={},ts={},v=2'.format, WHOLE, STATES, WHOLE, WHOLE).map(str.encode)
schemathesis.openapi.media_type("application/cmcd", st.lists(LINES | st.binary(max_size=40), max_size=4).map(b"\n".join))
schemathesis.openapi.media_type("application/x-ndjson", st.lists(st.binary(max_size=40), max_size=4).map(b"\n".join))
schema = schemathesis.openapi.from_dict(describe_collector())


class Broker:
    """Takes everything."""

    def send(self, records: Sequence[Record]) -> None:
        """Taken."""

    def is_up(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("collector")
    (home / "catalogue.json").write_text(json.dumps({"t-1": TITLE}), encoding="utf-8")
    limits = Limits({name: topic.max_message_bytes for name, topic in declared_topics({}, 1).items()})
    app = create_app(Broker(), Catalogue(home / "catalogue.json"), Plays(home / "plays.sqlite"), limits)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host=LOOPBACK, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, thread.is_alive, "the collector", home / "no.log", 30)
    yield f"http://{LOOPBACK}:{port}"
    server.should_exit = True
    thread.join(30)


@schema.parametrize()
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_openapi__every_answer_is_one_that_is_described(case: Any, address: str) -> None:
    case.call_and_validate(base_url=address, checks=KEPT)


def test_openapi__every_route_is_described_and_served(address: str) -> None:
    described = httpx.get(f"{address}/openapi.json").json()
    assert described == json.loads(json.dumps(describe_collector()))
    app = create_app(Broker(), Catalogue(Path()), Plays(Path(":memory:")), Limits({}))
    assert {route.path for route in app.routes} == set(described["paths"])  # type: ignore[attr-defined]


def test_openapi__an_event_is_what_the_contracts_say() -> None:
    event = describe_collector()["components"]["schemas"]["Event"]
    assert event["properties"]["event_type"]["enum"] == list(event_types())
    assert event["properties"]["latitude"] | {"description": ""} == {"type": "number", "description": "", "minimum": -90, "maximum": 90}
    assert "event_id" in event["required"]
    assert not {"received_at", "user_agent", "playback_id"} & set(event["required"])
