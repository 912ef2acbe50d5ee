"""Every bench, by name."""

from benchmarks import alerts, churn, dag, freshness, increment, ingest, load, page, rebuild, recommend, recover, silver, simulate, soak
from benchmarks.harness import Bench

_MODULES = (alerts, churn, dag, freshness, increment, ingest, load, page, rebuild, recommend, recover, silver, simulate, soak)
BENCHES: dict[str, Bench] = {module.BENCH.name: module.BENCH for module in _MODULES}
