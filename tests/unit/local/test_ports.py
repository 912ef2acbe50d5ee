"""Ports: a busy one is named with its holder and a block that is free."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from playhead.errors import StackError
from playhead.local.ports import busy_ports, check_free, free_base
from playhead.local.processes import LOOPBACK, free_port


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


def test_check_free__free_ports_pass() -> None:
    check_free({"kafka": free_port()}, port_base=18000)


def test_check_free__names_port_part_holder_and_next_step(busy_port: int) -> None:
    message = rf"port {busy_port} \(kafka\) is taken by process {os.getpid()} .*PLAYHEAD_PORT_BASE=\d+ playhead up"
    with pytest.raises(StackError, match=message):
        check_free({"kafka": busy_port, "smtp": free_port()}, port_base=18000)


def test_busy_ports__only_the_taken_ones(busy_port: int) -> None:
    assert list(busy_ports({"free": free_port(), "taken": busy_port})) == ["taken"]


def test_free_base__keeps_the_distances_within_the_block() -> None:
    base = free_base({"kafka": 18092, "airflow": 18080}, port_base=18000)
    assert base > 18000
    assert not busy_ports({"kafka": base + 92, "airflow": base + 80})
