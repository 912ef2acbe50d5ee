"""The Java that runs the broker and Spark: JAVA_HOME first, then the PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from playhead.errors import StackError

HOW_TO_GET_JAVA = (
    "install Java 17 (Debian, Ubuntu: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17) or set JAVA_HOME"
)
# The compiler of hot code inlines less than by default. What it compiles is a fourth smaller and no slower here, and on the few cores of
# an embedded stack compiling is a third of all that its JVMs do.
INLINE_LESS = ("-XX:MaxInlineLevel=6", "-XX:InlineSmallCode=1000", "-XX:FreqInlineSize=100")
# Spark 4 runs on 17 and 21; the stack is tested on 17.
_SUPPORTED = (17, 21)


def java_binary() -> Path:
    """The java command.

    Raises:
        StackError: there is none.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        where = f"JAVA_HOME={home} holds no bin/java" if home else "there is no java on the PATH"
        raise StackError(f"{where}; {HOW_TO_GET_JAVA}")
    return Path(found)


def java_version(binary: Path) -> int:
    """The feature release (17, 21, …) of a java command.

    Raises:
        StackError: the command does not say.
    """
    said = subprocess.run([binary, "-version"], capture_output=True, text=True, check=False, timeout=30).stderr
    return parse_java_version(said)


def parse_java_version(said: str) -> int:
    """The feature release in what `java -version` says (`1.8.0_402` is 8)."""
    match = re.search(r'version "(?:1\.)?(\d+)', said)
    if match is None:
        raise StackError(f"java -version said {said[:80]!r}; {HOW_TO_GET_JAVA}")
    return int(match[1])


def require_java() -> Path:
    """The java command, of a release that Spark and Kafka run on.

    Raises:
        StackError: there is none, or it has the wrong release.
    """
    binary = java_binary()
    version = java_version(binary)
    if version not in _SUPPORTED:
        raise StackError(f"{binary} is Java {version}, Spark needs 17 or 21; {HOW_TO_GET_JAVA}")
    return binary
