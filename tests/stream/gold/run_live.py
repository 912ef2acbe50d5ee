"""The query `live` alone, as a process that a test can kill: `run_live.py LAKE CHECKPOINT`."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from playhead.jobs.live import run_live
from playhead.local.jars import ensure_jars
from playhead.settings import get_settings
from playhead.spark import stream_session

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("py4j").setLevel(logging.WARNING)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    run_live(stream_session(ensure_jars(get_settings().cache_dir, "spark")), sys.argv[1], sys.argv[2], stop)
