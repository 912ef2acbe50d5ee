"""Work beside landing that must not stop it: kept running, logged when it fails, and started again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from playhead.errors import PlayheadError

logger = logging.getLogger(__name__)

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0


def start_keeping(
    name: str, run: Callable[[], None], stop: threading.Event, failed: Callable[[str], None], *, first_wait_s: float = _FIRST_WAIT_S
) -> threading.Thread:
    """Run `run` in a thread of its own until `stop` is set, again whenever it ends, and after a growing wait when it fails.

    The wait is short again once `run` has ended without failing. `failed` is told of each failure, by the name.
    """

    def keep() -> None:
        wait_s = first_wait_s
        while not stop.is_set():
            try:
                run()
            except PlayheadError as error:
                logger.error("%s failed and is started again in %.0f s, landing goes on: %s", name, wait_s, error)  # noqa: TRY400
            except Exception:
                logger.exception("%s failed and is started again in %.0f s, landing goes on", name, wait_s)
            else:
                wait_s = first_wait_s
                continue
            failed(name)
            stop.wait(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    thread = threading.Thread(target=keep, name=name, daemon=True)
    thread.start()
    return thread
