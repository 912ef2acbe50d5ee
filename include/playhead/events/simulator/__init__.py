"""The viewer simulator: seeded, deterministic, labelled synthetic (DOMAIN section 5)."""

from playhead.events.simulator.options import SimulationOptions
from playhead.events.simulator.run import SimulationSummary, completed_run, run_simulation
from playhead.events.simulator.sinks import JsonlSink, KafkaSink, ParquetSink

__all__ = ["JsonlSink", "KafkaSink", "ParquetSink", "SimulationOptions", "SimulationSummary", "completed_run", "run_simulation"]
