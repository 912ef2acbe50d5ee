"""The query `alerts` in a process of its own, without `ingest`, until SIGTERM."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import timedelta

from playhead.contracts.model import event_topics
from playhead.io.kafka import client_config, partitions_count
from playhead.jobs.alerts import AlertOptions, run_alerts
from playhead.local.jars import ensure_jars
from playhead.settings import get_settings
from playhead.spark import stream_session


def main() -> None:
    """Raise alerts as the settings say."""
    logging.basicConfig(level=logging.INFO)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = get_settings()
    client = client_config(settings)
    slots = partitions_count(client, event_topics())
    spark = stream_session(ensure_jars(settings.cache_dir, "spark"), real_time_tasks=slots)
    window = timedelta(minutes=settings.alert_window_minutes)
    try:
        run_alerts(spark, client, AlertOptions(settings.alerts_checkpoint, settings.alert_rules_file, window, slots), stop)
    finally:
        spark.stop()


if __name__ == "__main__":
    main()
