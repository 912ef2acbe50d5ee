"""System packages that Playhead can use but does not presume: installed with apt where that is allowed, else named.

The lakehouse itself needs only Python and Java. Chromium, ffmpeg and npm serve the real player; without them its test and its part of
the demo are left out, loudly.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys

logger = logging.getLogger(__name__)

# command -> Debian package
OPTIONAL = {"chromium": "chromium", "ffmpeg": "ffmpeg", "npm": "npm", "docker-compose": "docker-compose"}


def missing_packages() -> dict[str, str]:
    """Commands that are not here, with the Debian package that brings each."""
    return {command: package for command, package in OPTIONAL.items() if shutil.which(command) is None}


def install_missing() -> dict[str, str]:
    """Install what is missing with apt, as root or through sudo without a password; returns what is still missing."""
    missing = missing_packages()
    if not missing:
        return {}
    prefix = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    may = shutil.which("apt-get") is not None and (
        not prefix or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    )
    if may:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing.values()]):
            subprocess.run([*prefix, "apt-get", *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)
    return missing_packages()


def main() -> int:
    """Install or name what is missing. Never fails: nothing here is required."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    missing = install_missing()
    if missing:
        logger.warning(
            "Not here, so the real player is left out: %s. Get them with: apt-get install %s",
            ", ".join(missing),
            " ".join(missing.values()),
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
