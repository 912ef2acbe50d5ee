"""The parts of the embedded stack: how each is started, which ports it holds, and how to tell that it is healthy."""

from __future__ import annotations

import os
import smtplib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx

from playhead.errors import StackError
from playhead.io.kafka import broker_answers
from playhead.local.airflow_env import airflow_env
from playhead.local.processes import LOOPBACK, is_listening
from playhead.local.spark_connect import server_env
from playhead.observability.heartbeat import check_heartbeat
from playhead.observability.watch_sign import is_watching
from playhead.settings import Settings

STACK_VARIABLE = "PLAYHEAD_STACK"


@dataclass(frozen=True)
class Program:
    """One supervised process.

    Attributes:
        name: how commands and logs call it.
        command: its argument list.
        address: what a person opens or dials; empty where there is nothing to open.
        ports: names of the ports it holds (settings.port).
        healthy: asks the process itself, not the supervisor.
        needs_first: whether others wait for it before they start (storage and engines before applications).
        stops_as_group: whether a stop signal goes to its children too (Airflow's tasks: else the scheduler waits for them, and they are
            retried at the next start anyway); not where the parent ends its children in order.
    """

    name: str
    command: tuple[str, ...]
    address: str
    ports: tuple[str, ...]
    healthy: Callable[[], bool]
    needs_first: bool = False
    stops_as_group: bool = True


def programs(settings: Settings, project: Path) -> list[Program]:
    """All parts, in the order they start."""
    return [*_foundations(settings), *_applications(settings, project), *_airflow(settings), _dashboard(settings)]


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)


def _foundations(settings: Settings) -> list[Program]:
    """Broker, engine, warehouse and mail: what everything else dials."""
    port = settings.port
    mail_arguments = ("-n", "-l", f"{LOOPBACK}:{port('smtp')}", "-c", "aiosmtpd.handlers.Mailbox", str(settings.home / "mail"))
    return [
        Program(
            "kafka",
            _python("-m", "playhead.local.broker"),
            f"{LOOPBACK}:{port('kafka')}",
            ("kafka", "kafka_controller"),
            lambda: broker_answers(f"{LOOPBACK}:{port('kafka')}"),
            needs_first=True,
        ),
        Program(
            "spark_connect",
            _python("-m", "playhead.local.spark_connect"),
            f"sc://{LOOPBACK}:{port('spark_connect')} (UI http://{LOOPBACK}:{port('spark_ui')})",
            ("spark_connect", "spark_ui"),
            lambda: is_listening(port("spark_connect")),
            needs_first=True,
        ),
        Program(
            "warehouse",
            _python("-m", "playhead.local.warehouse_server"),
            f'http://{LOOPBACK}:{port("warehouse")} (playhead query "select 1")',
            ("warehouse",),
            lambda: is_listening(port("warehouse")),
            needs_first=True,
        ),
        Program(
            "mail",
            _python("-m", "aiosmtpd", *mail_arguments),
            f"{settings.home / 'mail'} (SMTP {LOOPBACK}:{port('smtp')})",
            ("smtp",),
            lambda: _greets(port("smtp")),
            needs_first=True,
        ),
    ]


def _applications(settings: Settings, project: Path) -> list[Program]:
    """The streaming app, the collector, the exporter, serving and the watcher of deadlines."""
    return [
        Program(
            "stream",
            _python(str(project / "spark_apps" / "stream.py")),
            f"http://{LOOPBACK}:{settings.port('stream_ui')}",
            ("stream_ui",),
            lambda: is_listening(settings.port("stream_ui")) and _beats(settings.home),
            # It ends its JVM itself, after the batch in hand is committed.
            stops_as_group=False,
        ),
        Program(
            "collector",
            _python("-m", "playhead.collector"),
            f"http://{LOOPBACK}:{settings.port('collector')}",
            ("collector",),
            lambda: is_listening(settings.port("collector")),
        ),
        Program(
            "exporter",
            _python("-m", "playhead.observability.exporter"),
            f"http://{LOOPBACK}:{settings.port('exporter')}/metrics",
            ("exporter",),
            lambda: is_listening(settings.port("exporter")),
        ),
        Program(
            "serving",
            _python("-m", "playhead.serving"),
            f"http://{LOOPBACK}:{settings.port('serving')}/v1/recommendations/VIEWER",
            ("serving",),
            lambda: is_listening(settings.port("serving")),
        ),
        Program("watcher", _python("-m", "playhead.watcher"), "", (), lambda: is_watching(settings.home)),
    ]


def _airflow(settings: Settings) -> list[Program]:
    """Airflow's four processes. They serve no logs of their own: the api-server reads the files."""
    url = f"http://{LOOPBACK}:{settings.port('airflow')}"
    parts = {
        "metadatabase": ("airflow-api-server", ("api-server",)),
        "scheduler": ("airflow-scheduler", ("scheduler", "--skip-serve-logs")),
        "dag_processor": ("airflow-dag-processor", ("dag-processor",)),
        "triggerer": ("airflow-triggerer", ("triggerer", "--skip-serve-logs")),
    }
    return [
        Program(
            name,
            _python("-m", "playhead.local.airflow_component", *arguments),
            settings.airflow_url if name == "airflow-api-server" else "",
            ("airflow",) if name == "airflow-api-server" else (),
            lambda component=component: _airflow_says_healthy(url, component),  # type: ignore[misc]
        )
        for component, (name, arguments) in parts.items()
    ]


def _dashboard(settings: Settings) -> Program:
    """The dashboard, which becomes Streamlit when somebody opens it."""
    port = settings.port("dashboard")
    return Program(
        "dashboard",
        _python("-m", "playhead.local.dashboard", settings.bind_host, str(port)),
        f"http://{LOOPBACK}:{port}",
        ("dashboard",),
        lambda: is_listening(port),
    )


def _beats(home: Path) -> bool:
    try:
        check_heartbeat(home)
    except StackError:
        return False
    return True


def _greets(port: int) -> bool:
    try:
        with smtplib.SMTP(LOOPBACK, port, timeout=2) as client:
            return client.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


@cache
def _http() -> httpx.Client:
    """One client for all questions: making one reads every certificate authority of the machine, 30 ms each time."""
    return httpx.Client(timeout=5, trust_env=False)


def _airflow_says_healthy(url: str, component: str) -> bool:
    try:
        health = _http().get(f"{url}/api/v2/monitor/health")
    except httpx.TransportError:
        return False
    return health.is_success and health.json()[component]["status"] == "healthy"


def stack_env(settings: Settings, project: Path) -> dict[str, str]:
    """Environment that every part inherits. PLAYHEAD_STACK marks the processes of this stack, down to the last grandchild."""
    local = f"{LOOPBACK},localhost"
    bypass = {name: f"{os.environ[name]},{local}" if os.environ.get(name) else local for name in ("NO_PROXY", "no_proxy")}
    return (
        bypass
        | server_env()
        | airflow_env(settings, project)
        | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",
            # Airflow renames its processes; without this the new title would overwrite the environment, and the mark with it.
            "SPT_NOENV": "1",
            "PLAYHEAD_STATE_DIR": str(settings.home),
            "PLAYHEAD_CACHE_DIR": str(settings.cache_dir.expanduser().resolve()),
            "PLAYHEAD_PROJECT_DIR": str(project),
            "PLAYHEAD_PORT_BASE": str(settings.port_base),
            STACK_VARIABLE: str(settings.home),
        }
    )


def project_dir(settings: Settings) -> Path:
    """The checkout: the configured directory, the one we stand in (or above it), or the one this package is installed from.

    Raises:
        StackError: none of them holds dags/ and spark_apps/.
    """
    here = settings.project_dir.expanduser().resolve()
    for candidate in (here, *here.parents, *Path(__file__).resolve().parents):
        if (candidate / "dags").is_dir() and (candidate / "spark_apps").is_dir():
            return candidate
    raise StackError(f"{here} holds no dags/ and spark_apps/; go to the checkout, or set PLAYHEAD_PROJECT_DIR to it")
