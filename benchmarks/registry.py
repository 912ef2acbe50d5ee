"""Every bench, by name."""

from benchmarks import alerts, churn, dag, freshness, ingest, load, rebuild, recover, simulate
from benchmarks.harness import Bench

_MODULES = (alerts, churn, dag, freshness, ingest, load, rebuild, recover, simulate)
BENCHES: dict[str, Bench] = {module.BENCH.name: module.BENCH for module in _MODULES}
