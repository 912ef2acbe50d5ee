"""One job of Playhead in a Spark application of its own: spark-submit run_job.py --job NAME --run JSON --options JSON."""

from __future__ import annotations

import argparse
import json

from pyspark.sql import SparkSession

from playhead.jobs.entry import JOBS, run_job
from playhead.jobs.run_context import RunContext
from playhead.settings import get_settings


def main() -> None:
    """Parse the arguments and run the job in this application's session."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job", required=True, choices=sorted(JOBS))
    parser.add_argument("--run", required=True, type=json.loads, help="RunContext as JSON")
    parser.add_argument("--options", default={}, type=json.loads, help="options of the job as JSON")
    arguments = parser.parse_args()
    spark = SparkSession.builder.appName(f"playhead.{arguments.job}").getOrCreate()
    run_job(arguments.job, spark, get_settings(), RunContext.from_dict(arguments.run), **arguments.options)


if __name__ == "__main__":
    main()
