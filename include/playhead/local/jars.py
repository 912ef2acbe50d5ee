"""The jars of the broker and of Spark, pinned in jars.lock with their checksums and fetched without Maven.

pyspark ships Ivy; it downloads the files that jars.lock names, one by one and without dependency resolution, so that what runs is exactly
what was verified. Two processes that start at once wait for each other, and a file appears in the cache only after its checksum matched.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from playhead.errors import StackError
from playhead.local.java import java_binary
from playhead.local.processes import one_at_a_time
from playhead.settings import get_settings

logger = logging.getLogger(__name__)

Group = Literal["spark", "kafka"]
GROUPS: tuple[Group, ...] = ("kafka", "spark")
Report = Callable[[str], None]

_IVY_SETTINGS = """<ivysettings>
  <settings defaultResolver="central"/>
  <resolvers><ibiblio name="central" m2compatible="true" usepoms="false"/></resolvers>
</ivysettings>
"""
_DOWNLOADED = re.compile(r"\[SUCCESSFUL \] [^#]+#(?P<artifact>[^;]+);(?P<version>[^!]+)!")


@dataclass(frozen=True)
class Jar:
    """One pinned file: where Maven Central keeps it, and what it must hash to."""

    organisation: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Name of the file in the cache."""
        return f"{self.artifact}-{self.version}.jar"


def locked_jars(group: Group) -> list[Jar]:
    """The jars that jars.lock pins for a group, in class-path order (by coordinate)."""
    lock = tomllib.loads(files("playhead.local").joinpath("jars.lock").read_text(encoding="utf-8"))
    jars = []
    for coordinate, sha256 in lock[group]["files"].items():
        organisation, artifact, version = coordinate.split(":")
        jars.append(Jar(organisation, artifact, version, sha256))
    return jars


def ensure_jars(cache_dir: Path, group: Group, report: Report = logger.info) -> list[Path]:
    """Verified paths of a group's jars under `cache_dir`/jars; what is missing is downloaded first.

    Args:
        cache_dir: the cache that all stacks of this user share.
        group: `spark` (added to the class path of pyspark's own jars) or `kafka` (the broker).
        report: receives one line per downloaded file.

    Raises:
        StackError: a file does not match its checksum, or cannot be downloaded.
    """
    directory = cache_dir / "jars" / group
    directory.mkdir(parents=True, exist_ok=True)
    jars = locked_jars(group)
    with one_at_a_time(directory.with_suffix(".lock")):
        missing = [jar for jar in jars if not (directory / jar.file_name).is_file()]
        if missing:
            _fetch(missing, directory, report)
        for jar in jars:
            verify(directory / jar.file_name, jar)
    return [directory / jar.file_name for jar in jars]


def verify(path: Path, jar: Jar) -> None:
    """Check a file against its pinned checksum.

    Raises:
        StackError: it differs; the message says which file and what to do.
    """
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != jar.sha256:
        raise StackError(
            f"{path} has sha256 {found}, jars.lock says {jar.sha256}; delete the file and start again, "
            "and if it happens twice do not use that network or mirror"
        )


def _fetch(missing: list[Jar], directory: Path, report: Report) -> None:
    """Download into a directory beside the cache, verify, then move file by file into place."""
    report(f"downloading {len(missing)} jars ({directory.name}) from Maven Central")
    work = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        _run_ivy(missing, work, report)
        for jar in missing:
            verify(work / jar.file_name, jar)
            (work / jar.file_name).replace(directory / jar.file_name)
    finally:
        shutil.rmtree(work)


def _run_ivy(jars: list[Jar], work: Path, report: Report) -> None:
    (work / "settings.xml").write_text(_IVY_SETTINGS, encoding="utf-8")
    (work / "ivy.xml").write_text(_ivy_module(jars), encoding="utf-8")
    command = [str(java_binary()), "-jar", str(_ivy_jar()), "-settings", "settings.xml", "-cache", "cache"]
    command += ["-ivy", "ivy.xml", "-confs", "default", "-retrieve", "[artifact]-[revision].[ext]"]
    lines: list[str] = []
    with subprocess.Popen(command, cwd=work, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as ivy:
        for line in ivy.stdout or ():
            lines.append(line.strip())
            if done := _DOWNLOADED.search(line):
                report(f"{done['artifact']} {done['version']}")
    absent = [jar.file_name for jar in jars if not (work / jar.file_name).is_file()]
    if ivy.returncode or absent:
        problem = next((line for line in lines if "not found" in line or "Exception" in line), lines[-1] if lines else "no output")
        raise StackError(f"cannot download {', '.join(absent) or 'jars'}: {problem}; check the network to Maven Central, then start again")


def _ivy_module(jars: list[Jar]) -> str:
    dependencies = "".join(
        f'<dependency org="{jar.organisation}" name="{jar.artifact}" rev="{jar.version}" transitive="false"/>' for jar in jars
    )
    return (
        '<ivy-module version="2.0"><info organisation="playhead" module="jars"/><configurations><conf name="default"/></configurations>'
        f'<dependencies defaultconf="default->default">{dependencies}</dependencies></ivy-module>'
    )


def pyspark_home() -> Path:
    """Where pyspark is installed (its SPARK_HOME).

    Raises:
        StackError: pyspark is not installed.
    """
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise StackError("pyspark is not installed in this environment; run make setup")
    return Path(os.path.realpath(spec.origin)).parent


def _ivy_jar() -> Path:
    return next((pyspark_home() / "jars").glob("ivy-*.jar"))


def main() -> None:
    """Fetch every group into the cache (for images, which must not download when they start)."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for group in GROUPS:
        ensure_jars(get_settings().cache_dir, group)


if __name__ == "__main__":
    main()
