"""Start an Airflow component with the libraries that its forks need already imported (`python -m playhead.local.airflow_component`).

The scheduler forks every task and the DAG processor every parse. What the parent has imported, its forks have for nothing; else each
would spend seconds of CPU on imports, more than most tasks spend on their work.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

_DAG_LIBRARIES = tuple(f"playhead.orchestration.{name}" for name in ("assets", "builds", "deadlines", "defaults", "snowflake"))
# Imported only: a channel or thread of the parent's would not survive the fork.
_TASK_LIBRARIES = (
    "great_expectations",
    "pyspark.sql.connect.functions",
    "pyspark.sql.connect.session",
    "airflow.providers.apache.spark.hooks.spark_connect",
    "playhead.jobs.build",
    "playhead.jobs.load_warehouse",
)
_LIBRARIES = {"scheduler": _DAG_LIBRARIES + _TASK_LIBRARIES, "dag-processor": _DAG_LIBRARIES}


def main() -> None:
    """Import what the component's forks need, then become `airflow COMPONENT ...`."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    # Airflow's configuration has to be its first import.
    airflow_cli = import_module("airflow.__main__")
    for library in _LIBRARIES.get(sys.argv[1], ()):
        import_module(library)
    airflow_cli.main()


if __name__ == "__main__":
    main()
