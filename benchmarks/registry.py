"""Every bench, by name."""

from benchmarks import ingest
from benchmarks.harness import Bench

BENCHES: dict[str, Bench] = {bench.name: bench for bench in (ingest.BENCH,)}
