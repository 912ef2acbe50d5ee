"""`python -m playhead.watcher`: a process beside Airflow: a paused DAG or a dead scheduler has no run to miss a deadline."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from datetime import UTC, datetime

from playhead.deadlines.watch import open_watch
from playhead.digest.send import is_due
from playhead.errors import PlayheadError
from playhead.observability.watch_sign import WatchSign, write_sign
from playhead.settings import get_settings
from playhead.watcher.morning import Morning

logger = logging.getLogger(__name__)

EVERY_S = 30.0


def main() -> int:
    """Look every half minute until SIGTERM or SIGINT, and have the digest sent in the morning."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = get_settings()
    except PlayheadError as error:
        logger.critical("%s", error)
        return 1
    watch = open_watch(settings, told_by="watcher")
    morning = Morning(lambda now: is_due(settings, now=now))
    while True:
        now = datetime.now(UTC)
        try:
            look = watch.look(now=now)
            write_sign(settings.home, WatchSign(now.timestamp(), look.overdue, look.unsent))
            morning.look(now)
        except Exception:  # whatever is wrong with the lake now, the next look may find it mended
            logger.exception("the deadlines could not be looked at; the next look is in %.0f s", EVERY_S)
        if stop.wait(EVERY_S):
            morning.end()
            return 0


if __name__ == "__main__":
    sys.exit(main())
