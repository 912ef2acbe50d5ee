"""supervisord's configuration: what it would start, and a socket path that the kernel takes."""

from __future__ import annotations

import configparser
import os
import shlex
import stat
from pathlib import Path

import pytest

from playhead.errors import StackError
from playhead.local.programs import Program, programs, stack_env
from playhead.local.supervision import Supervisor, render_conf, socket_path
from playhead.settings import Settings


def _parse(conf: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_string(conf)
    return parser


def test_render_conf__every_part_restarts_with_bounded_tries(tmp_path: Path) -> None:
    parts = programs(Settings(state_dir=tmp_path), tmp_path)
    conf = _parse(render_conf(tmp_path, tmp_path, parts))
    assert [part.name for part in parts] == [
        section.removeprefix("program:") for section in conf.sections() if section.startswith("program:")
    ]
    for part in parts:
        section = conf[f"program:{part.name}"]
        assert shlex.split(section["command"]) == list(part.command)
        assert (section["autostart"], section["autorestart"], section["startretries"]) == ("false", "true", "5")
        assert section["killasgroup"] == "true"


def test_render_conf__spaces_and_percent_signs_survive(tmp_path: Path) -> None:
    part = Program("odd", ("python", "a b", "100%"), "", (), lambda: True)
    command = _parse(render_conf(tmp_path, tmp_path, [part]))["program:odd"]["command"]
    assert shlex.split(command.replace("%%", "%")) == ["python", "a b", "100%"]


def test_socket_path__lies_in_the_state_directory_when_that_is_short() -> None:
    assert socket_path(Path("/srv/project/.playhead")) == Path("/srv/project/.playhead/run/supervisor.sock")


def test_socket_path__long_directories_get_a_short_one_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    deep = Path("/") / ("d" * 60) / ("e" * 60)
    path = socket_path(deep)
    assert path.parent == tmp_path / f"playhead-{os.getuid()}"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path != socket_path(deep / "other")


def test_socket_path__a_directory_that_others_can_enter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"playhead-{os.getuid()}").mkdir(mode=0o755)
    with pytest.raises(StackError, match="must belong to you alone"):
        socket_path(Path("/") / ("d" * 120))


def test_supervisor__a_socket_file_that_nobody_serves_means_not_running(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "supervisor.sock").touch()
    assert not Supervisor(tmp_path).is_running()


def test_ports__no_two_parts_share_one(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    ports = [settings.port(name) for part in programs(settings, tmp_path) for name in part.ports]
    assert len(ports) == len(set(ports))


def test_stack_env__carries_the_mark_and_does_not_depend_on_the_working_directory(tmp_path: Path) -> None:
    env = stack_env(Settings(state_dir=tmp_path / "s", port_base=21000), tmp_path)
    assert env["PLAYHEAD_STACK"] == env["PLAYHEAD_STATE_DIR"] == str((tmp_path / "s").resolve())
    assert env["PLAYHEAD_PORT_BASE"] == "21000"
    # Airflow's process titles would overwrite the mark.
    assert env["SPT_NOENV"] == "1"


def test_stack_env__loopback_goes_round_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    assert stack_env(Settings(state_dir=tmp_path), tmp_path)["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"
