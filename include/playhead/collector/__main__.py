"""`python -m playhead.collector`: the collector on loopback, with the addresses and the state directory of the settings."""

from __future__ import annotations

import logging
import sys

import uvicorn
from starlette.applications import Starlette

from playhead.collector.app import create_app
from playhead.collector.broker import BrokerSender
from playhead.collector.catalogue import Catalogue
from playhead.collector.plays import Plays
from playhead.collector.requests import Limits
from playhead.errors import PlayheadError
from playhead.io.kafka import client_config
from playhead.io.topics import declared_topics
from playhead.settings import Settings, get_settings

logger = logging.getLogger(__name__)

# What the broker counts beside the value: key, headers and batch header.
_RECORD_OVERHEAD_BYTES = 4096


def build_app(settings: Settings) -> Starlette:
    """The application as these settings say."""
    topics = declared_topics(settings.topic_partitions, settings.topic_replication)
    limits = Limits({name: topic.max_message_bytes - _RECORD_OVERHEAD_BYTES for name, topic in topics.items()})
    sender = BrokerSender(client_config(settings), settings.ledger_dir)
    logger.info("producer id %s, ledger in %s, broker %s", sender.producer_id, settings.ledger_dir, settings.bootstrap)
    return create_app(sender, Catalogue(settings.home / "catalogue.json"), Plays(settings.plays_file), limits)


def main() -> int:
    """Serve until SIGTERM or SIGINT; what was accepted is sent before the process ends."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = get_settings()
        app = build_app(settings)
    except PlayheadError as error:
        logger.critical("%s", error)
        return 1
    uvicorn.run(
        app, host=settings.bind_host, port=settings.port("collector"), access_log=False, log_config=None, timeout_graceful_shutdown=20
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
