"""supervisord: its configuration, and how the command line talks to it (XML-RPC over a socket that only the owner can open)."""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import Faults, SupervisorTransport

from playhead.errors import StackError
from playhead.local.programs import Program

# The kernel takes 108 bytes (macOS: 104), and supervisord appends its process id while it creates the socket.
_LONGEST_SOCKET_PATH = 90
_START_TIMEOUT_S = 15

_CONF = """[supervisord]
pidfile={run}/supervisord.pid
logfile={logs}/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
childlogdir={logs}
umask=077
directory={home}
identifier=playhead

[unix_http_server]
file={socket}
chmod=0700

[supervisorctl]
serverurl=unix://{socket}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

# A part that ends within startsecs is tried again after 1, 2, 3, … s and given up after startretries; one that ran longer restarts at once.
_PROGRAM = """
[program:{name}]
command={command}
directory={directory}
autostart=false
autorestart=true
startsecs=10
startretries=5
stopasgroup={stops_as_group}
killasgroup=true
stopwaitsecs=60
redirect_stderr=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=2
"""


def log_file(home: Path, name: str) -> Path:
    """Log of a part."""
    return home / "logs" / f"{name}.log"


def socket_path(home: Path) -> Path:
    """supervisord's socket: under the state directory, or in an owner-only temporary directory where that path is too long.

    Raises:
        StackError: the temporary directory belongs to somebody else.
    """
    path = home / "run" / "supervisor.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    directory = Path(tempfile.gettempdir()) / f"playhead-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    status = directory.stat()
    if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise StackError(f"{directory} must belong to you alone (mode 0700); remove it, or use a shorter PLAYHEAD_STATE_DIR")
    return directory / f"{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}.sock"


def render_conf(home: Path, project: Path, parts: Sequence[Program]) -> str:
    """supervisord's configuration file."""

    def text(value: object) -> str:
        return str(value).replace("%", "%%")

    logs = text(home / "logs")
    conf = _CONF.format(run=text(home / "run"), logs=logs, home=text(home), socket=text(socket_path(home)))
    for part in parts:
        conf += _PROGRAM.format(
            name=part.name,
            command=text(shlex.join(part.command)),
            directory=text(project),
            stops_as_group=str(part.stops_as_group).lower(),
            logs=logs,
        )
    return conf


@dataclass(frozen=True)
class ProcessState:
    """What supervisord knows of a part (STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL)."""

    name: str
    state: str
    pid: int
    uptime_s: int

    @property
    def is_up(self) -> bool:
        """Whether there is a process, or another try is due."""
        return self.state in {"STARTING", "RUNNING", "BACKOFF"}


class Supervisor:
    """The supervisord of one state directory."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._socket = socket_path(home)

    @property
    def _rpc(self) -> Any:
        """A new connection for every call: the transport keeps a broken one for ever."""
        return ServerProxy("http://localhost", transport=SupervisorTransport(None, None, f"unix://{self._socket}"))

    def is_running(self) -> bool:
        """Whether supervisord answers."""
        try:
            self._rpc.supervisor.getState()
        except (OSError, Fault):
            return False
        return True

    def pid(self) -> int:
        """Process id of supervisord."""
        pid: int = self._rpc.supervisor.getPID()
        return pid

    def launch(self, conf: str, env: dict[str, str]) -> None:
        """Start supervisord, detached, with the environment its parts inherit; no part is started yet.

        Raises:
            StackError: it does not come up.
        """
        path = self._home / "run" / "supervisord.conf"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(conf, encoding="utf-8")
        self._socket.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)],
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_START_TIMEOUT_S,
        )
        if done.returncode:
            raise StackError(
                f"supervisord did not start: {(done.stderr or done.stdout).strip()}; see {log_file(self._home, 'supervisord')}"
            )

    def states(self) -> dict[str, ProcessState]:
        """State of every part."""
        found = (
            ProcessState(i["name"], i["statename"], i["pid"], max(0, i["now"] - i["start"]))
            for i in self._rpc.supervisor.getAllProcessInfo()
        )
        return {state.name: state for state in found}

    def start(self, name: str) -> None:
        """Start a part, without waiting; nothing happens when it runs already.

        Raises:
            StackError: its command does not exist.
        """
        try:
            self._rpc.supervisor.startProcess(name, False)
        except Fault as fault:
            if fault.faultCode != Faults.ALREADY_STARTED:
                raise StackError(f"{name} cannot be started: {fault.faultString}; see {log_file(self._home, name)}") from fault

    def stop(self, name: str) -> None:
        """Ask a part to stop, without waiting; nothing happens when it does not run."""
        try:
            self._rpc.supervisor.stopProcess(name, False)
        except Fault as fault:
            if fault.faultCode != Faults.NOT_RUNNING:
                raise StackError(f"{name} cannot be stopped: {fault.faultString}; see {log_file(self._home, name)}") from fault

    def kill(self, name: str) -> None:
        """Kill a part as a crash would; supervisord starts it again. Nothing happens when it does not run."""
        try:
            self._rpc.supervisor.signalProcess(name, "KILL")
        except Fault as fault:
            if fault.faultCode != Faults.NOT_RUNNING:
                raise StackError(f"{name} cannot be killed: {fault.faultString}; see {log_file(self._home, name)}") from fault

    def shutdown(self) -> None:
        """Ask supervisord to end, with whatever it still runs."""
        self._rpc.supervisor.shutdown()
