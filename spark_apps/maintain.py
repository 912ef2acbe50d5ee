"""Table maintenance in a Spark application of its own: spark-submit maintain.py [--retain-hours N]."""

from __future__ import annotations

import argparse

from pyspark.sql import SparkSession

from playhead.jobs.maintain import RETAIN_HOURS, maintain_tables
from playhead.settings import get_settings


def main() -> None:
    """Parse the arguments and maintain the tables in this application's session."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--retain-hours", type=int, default=RETAIN_HOURS, help="how much time travel VACUUM leaves")
    arguments = parser.parse_args()
    settings = get_settings()
    spark = SparkSession.builder.appName("playhead.maintain").getOrCreate()
    maintain_tables(spark, settings.lake, retain_hours=arguments.retain_hours)


if __name__ == "__main__":
    main()
