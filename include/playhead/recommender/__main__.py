"""`python -m playhead.recommender`: recommendations over HTTP, on loopback, with the lakehouse of the settings."""

from __future__ import annotations

import logging
import sys

import uvicorn

from playhead.errors import PlayheadError
from playhead.recommender.app import Server, create_app
from playhead.settings import get_settings


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = get_settings()
    except PlayheadError as error:
        logging.getLogger(__name__).critical("%s", error)
        return 1
    app = create_app(Server(settings.lake, settings.home / "recommender" / "lists.sqlite"))
    uvicorn.run(app, host=settings.bind_host, port=settings.port("recommender"), access_log=False, log_config=None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
