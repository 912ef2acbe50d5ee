"""Every bench, by name."""

from benchmarks import ingest, simulate
from benchmarks.harness import Bench

BENCHES: dict[str, Bench] = {bench.name: bench for bench in (ingest.BENCH, simulate.BENCH)}
