"""Packages that are unpacked into the cache: found there, fetched without rights, and named where there is no apt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from playhead.local.system_packages import OPTIONAL, find_unpacked, install_missing

# A package of two commands, as `apt-get download` and `dpkg-deb --extract` leave them.
APT = '#!/bin/sh\ncase "$1" in download) echo archive > "$3_1.0.deb";; *) echo "$@" >> "$(dirname "$0")/asked";; esac\n'
DPKG = '#!/bin/sh\nmkdir -p "$3/usr/bin" && touch "$3/usr/bin/prometheus" "$3/usr/bin/promtool"\n'


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory of PATH before the system's own shell: all of OPTIONAL is there, apt is not."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in OPTIONAL:
        make(directory / name, "#!/bin/sh\n")
    for tool in ("sh", "mkdir", "touch", "dirname", "echo"):
        (directory / tool).symlink_to(f"/bin/{tool}" if Path(f"/bin/{tool}").exists() else f"/usr/bin/{tool}")
    monkeypatch.setenv("PATH", str(directory))
    return directory


def make(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def test_install__unpacks_prometheus_into_the_cache_and_installs_no_service(commands: Path, tmp_path: Path) -> None:
    make(commands / "apt-get", APT)
    make(commands / "dpkg-deb", DPKG)
    make(commands / "sudo", "#!/bin/sh\nexit 1\n")
    assert install_missing(tmp_path / "cache") == {}
    assert find_unpacked("promtool", tmp_path / "cache") == str(tmp_path / "cache" / "debian" / "prometheus" / "usr" / "bin" / "promtool")
    asked = (commands / "asked").read_text().splitlines() if os.geteuid() == 0 else []
    assert not [line for line in asked if line.startswith("install")]
    assert [path.name for path in (tmp_path / "cache" / "debian").iterdir()] == ["prometheus"], "nothing half done is left"


def test_install__without_apt_names_what_is_missing(commands: Path, tmp_path: Path) -> None:
    assert install_missing(tmp_path / "cache") == {"prometheus": "prometheus", "promtool": "prometheus"}


def test_install__a_download_that_fails_leaves_it_missing(commands: Path, tmp_path: Path) -> None:
    make(commands / "apt-get", "#!/bin/sh\nexit 100\n")
    make(commands / "sudo", "#!/bin/sh\nexit 1\n")
    assert install_missing(tmp_path / "cache") == {"prometheus": "prometheus", "promtool": "prometheus"}


def test_find__an_installed_command_comes_first(commands: Path, tmp_path: Path) -> None:
    make(commands / "promtool", "#!/bin/sh\n")
    assert find_unpacked("promtool", tmp_path) == str(commands / "promtool")
