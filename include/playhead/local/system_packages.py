"""System packages that Playhead can use but does not presume: installed with apt where that is allowed, else named.

The lakehouse itself needs only Python and Java. Chromium, ffmpeg and npm serve the real player; without them its test and its part of
the demo are left out, loudly. Prometheus serves the tests of its rules and dashboards; it is unpacked and not installed, for an installed
one is a service that listens on every interface.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playhead.settings import get_settings

logger = logging.getLogger(__name__)

# command -> Debian package
OPTIONAL = {"chromium": "chromium", "ffmpeg": "ffmpeg", "npm": "npm", "docker-compose": "docker-compose"}
UNPACKED = {"prometheus": "prometheus", "promtool": "prometheus"}


def missing_packages() -> dict[str, str]:
    """Commands that are not here, with the Debian package that brings each."""
    return {command: package for command, package in OPTIONAL.items() if shutil.which(command) is None}


def find_unpacked(command: str, cache_dir: Path) -> str | None:
    """A command of UNPACKED: an installed one, else the one in the cache; None where there is neither."""
    cached = _unpacked_directory(cache_dir, UNPACKED[command]) / "usr" / "bin" / command
    return shutil.which(command) or (str(cached) if cached.is_file() else None)


def install_missing(cache_dir: Path) -> dict[str, str]:
    """Install what is missing with apt, as root or through sudo without a password, and unpack the rest; returns what is still missing."""
    missing, to_unpack = missing_packages(), _not_unpacked(cache_dir)
    if shutil.which("apt-get") is None or not (missing or to_unpack):
        return {**missing, **to_unpack}
    prefix = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    if not prefix or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = [["install", "-y", "-qq", "--no-install-recommends", *missing.values()]] if missing else []
        for arguments in (["update", "-qq"], *install):
            subprocess.run([*prefix, "apt-get", *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)
    for package in sorted(set(to_unpack.values())):
        _unpack(package, _unpacked_directory(cache_dir, package))
    return {**missing_packages(), **_not_unpacked(cache_dir)}


def _not_unpacked(cache_dir: Path) -> dict[str, str]:
    return {command: package for command, package in UNPACKED.items() if find_unpacked(command, cache_dir) is None}


def _unpacked_directory(cache_dir: Path, package: str) -> Path:
    return cache_dir.expanduser() / "debian" / package


def _unpack(package: str, directory: Path) -> None:
    """Fetch a package, which apt holds against its signed index, and unpack it; it runs no script and needs no rights."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
        subprocess.run(["apt-get", "download", "-qq", package], cwd=scratch, capture_output=True, check=False)
        for file in Path(scratch).glob("*.deb"):
            unpacked = subprocess.run(["dpkg-deb", "--extract", file, "contents"], cwd=scratch, capture_output=True, check=False)
            if unpacked.returncode == 0:
                shutil.rmtree(directory, ignore_errors=True)
                (Path(scratch) / "contents").rename(directory)


def main() -> int:
    """Install or name what is missing. Never fails: nothing here is required."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    missing = install_missing(get_settings().cache_dir)
    if missing:
        logger.warning(
            "Not here, so what uses them is left out (the real player, or tests): %s. Get them with: apt-get install %s",
            ", ".join(missing),
            " ".join(dict.fromkeys(missing.values())),
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
