"""The daily build in a Spark application of its own: spark-submit build_day.py --run-id ID."""

from __future__ import annotations

import argparse

from pyspark.sql import SparkSession

from playhead.jobs.build import build_day
from playhead.settings import get_settings


def main() -> None:
    """Parse the arguments and build in this application's session."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run-id", required=True, help="name of the run; the same name again finishes what a crash left")
    arguments = parser.parse_args()
    settings = get_settings()
    build_day(SparkSession.builder.appName("playhead.build_day").getOrCreate(), settings.lake, arguments.run_id)


if __name__ == "__main__":
    main()
