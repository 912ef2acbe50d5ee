"""What every JVM of Spark is started with."""

from __future__ import annotations

from pathlib import Path

from playhead.local.jars import ensure_jars, pyspark_home
from playhead.local.java import INLINE_LESS
from playhead.spark import classpath

# What Spark's launcher adds for Java 17 (org.apache.spark.launcher.JavaModuleOptions).
_OPENED_PACKAGES = (
    *(f"java.base/java.{name}" for name in ("lang", "lang.invoke", "lang.reflect", "io", "net", "nio", "util")),
    *(f"java.base/java.util.concurrent{name}" for name in ("", ".atomic")),
    *(f"java.base/{name}" for name in ("jdk.internal.ref", "sun.nio.ch", "sun.nio.cs", "sun.security.action", "sun.util.calendar")),
    "java.security.jgss/sun.security.krb5",
)
_OPTIONS = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    "--add-modules=jdk.incubator.vector",
    *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED_PACKAGES),
    "-Dio.netty.tryReflectionSetAccessible=true",
    *INLINE_LESS,
)


def spark_java(java: Path, cache_dir: Path) -> list[str]:
    """A JVM's command line with Spark's class path and options, up to what it is to do; fetches the jars it needs."""
    jars = [*ensure_jars(cache_dir, "spark"), pyspark_home() / "jars" / "*"]
    return [str(java), "-cp", classpath(jars), *_OPTIONS]
