"""The streaming app: query `ingest`, Kafka -> bronze.events. `--available-now` lands what is there and ends."""

from __future__ import annotations

import argparse
import logging
import sys

from playhead.errors import PlayheadError
from playhead.local.stream_jvm import stream_jvm
from playhead.settings import get_settings


def main() -> int:
    """Run until SIGTERM, or until everything has landed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--available-now", action="store_true", help="land what Kafka holds now, then end")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("py4j").setLevel(logging.WARNING)  # it tells of every command that the JVM sends back
    try:
        settings = get_settings()
        with stream_jvm(settings.cache_dir, may_record=settings.profile == "embedded" and not arguments.available_now) as gateway:
            from playhead.jobs.stream import run_stream  # reads for a second or two; the JVM starts meanwhile

            run_stream(settings, gateway=gateway, available_now=arguments.available_now)
    except PlayheadError as error:
        logging.getLogger("playhead.stream").error("%s", error)  # noqa: TRY400  the message says it all, a trace would hide it
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
