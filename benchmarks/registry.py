"""Every bench, by name."""

from benchmarks import freshness, ingest, recover, simulate
from benchmarks.harness import Bench

BENCHES: dict[str, Bench] = {bench.name: bench for bench in (freshness.BENCH, ingest.BENCH, recover.BENCH, simulate.BENCH)}
