"""Ports of the embedded stack: who holds a busy one, and where a free block is."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

from playhead.errors import StackError
from playhead.local.processes import is_listening

_BLOCK_STEP = 200
_HIGHEST_BASE = 30000


def check_free(ports: Mapping[str, int], port_base: int) -> None:
    """Refuse to start on ports that something else listens on.

    Args:
        ports: the ports to use, by part.
        port_base: where the block begins.

    Raises:
        StackError: names every busy port, its holder, and a block of ports that is free.
    """
    busy = busy_ports(ports)
    if busy:
        held = "; ".join(f"port {ports[part]} ({part}) is taken by {holder}" for part, holder in busy.items())
        raise StackError(f"{held}. Stop that, or use other ports: PLAYHEAD_PORT_BASE={free_base(ports, port_base)} playhead up")


def busy_ports(ports: Mapping[str, int]) -> dict[str, str]:
    """The parts whose port is taken, with a description of the process that holds it."""
    taken = [part for part, port in ports.items() if is_listening(port)]
    if not taken:
        return {}
    holders = _listeners()
    return {part: holders.get(ports[part], "a process of another user") for part in taken}


def free_base(ports: Mapping[str, int], port_base: int) -> int:
    """The next port base whose whole block is free."""
    for base in range(port_base + _BLOCK_STEP, _HIGHEST_BASE, _BLOCK_STEP):
        if not any(is_listening(port - port_base + base) for port in ports.values()):
            return base
    return _HIGHEST_BASE


def _listeners() -> dict[int, str]:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return {}
    return {
        connection.laddr.port: _describe(connection.pid)
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.pid is not None and connection.laddr
    }


def _describe(pid: int) -> str:
    try:
        command = " ".join(psutil.Process(pid).cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        command = "?"
    return f"process {pid} ({command[:60]})"
