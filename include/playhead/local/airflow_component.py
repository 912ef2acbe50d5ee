"""Start an Airflow component with the libraries that its forks need already imported (`python -m playhead.local.airflow_component`).

The scheduler forks every task and the DAG processor every parse. What the parent has imported, its forks have for nothing; else each
would spend seconds of CPU on imports, more than most tasks spend on their work.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module

_DAG_LIBRARIES = (
    *(f"playhead.orchestration.{name}" for name in ("assets", "builds", "deadlines", "defaults", "snowflake", "stream_watch")),
    # What `@task` and the assets of a DAG import when a file first uses them.
    "airflow.providers.standard.decorators.python",
    "airflow.sdk.definitions.decorators",
    "airflow.sdk.definitions.timetables.trigger",
    "airflow.serialization.definitions.assets",
    "airflow.timetables.base",
)
# Imported only: a channel or thread of the parent's would not survive the fork.
_TASK_LIBRARIES = (
    "airflow.sdk.execution_time.supervisor",
    "great_expectations",
    "pyspark.sql.connect.functions",
    "pyspark.sql.connect.session",
    "airflow.providers.apache.spark.hooks.spark_connect",
    "playhead.jobs.build",
    "playhead.jobs.entry",
    "playhead.jobs.load_warehouse",
    "playhead.spark",
)
# Airflow and its libraries make some 100,000 objects that live as long as the process. Python's default, to look for garbage after every
# 700 new ones, walks them over and over: a fifth of the CPU that a component takes to start.
_OBJECTS_PER_COLLECTION = 20_000
_LIBRARIES = {"scheduler": _DAG_LIBRARIES + _TASK_LIBRARIES, "dag-processor": _DAG_LIBRARIES}


def main() -> None:
    """Import what the component's forks need, then become `airflow COMPONENT ...`."""
    gc.set_threshold(_OBJECTS_PER_COLLECTION)
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    # Airflow's configuration has to be its first import.
    airflow_cli = import_module("airflow.__main__")
    libraries = _LIBRARIES.get(sys.argv[1], ())
    for library in libraries:
        import_module(library)
    if libraries:
        _read_contracts()
    airflow_cli.main()


def _read_contracts() -> None:
    """DAG files and tasks read contracts first of all; what is read before the fork is kept for all of them."""
    from playhead.contracts.model import load_contract, table_names

    for name in table_names():
        load_contract(name)


if __name__ == "__main__":
    main()
