"""The broker's settings."""

from __future__ import annotations

from pathlib import Path

from playhead.local.broker import render_properties, server_properties


def test_server_properties__loopback_and_broker_time() -> None:
    properties = server_properties(Path("/state/kafka/data"), 20092, 20093)
    assert properties["listeners"] == "PLAINTEXT://127.0.0.1:20092,CONTROLLER://127.0.0.1:20093"
    assert properties["advertised.listeners"] == "PLAINTEXT://127.0.0.1:20092"
    assert properties["log.message.timestamp.type"] == "LogAppendTime"
    assert properties["auto.create.topics.enable"] == "false"


def test_render_properties() -> None:
    assert render_properties({"a": "1", "b.c": "x,y"}) == "a=1\nb.c=x,y\n"
