"""`python -m playhead.serving`: recommendations and churn risks over HTTP, on loopback, with the lakehouse of the settings."""

from __future__ import annotations

import logging
import sys

import uvicorn

from playhead.errors import PlayheadError
from playhead.serving.app import Server, create_app
from playhead.serving.assessor import Assessor
from playhead.settings import get_settings


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = get_settings()
    except PlayheadError as error:
        logging.getLogger(__name__).critical("%s", error)
        return 1
    assessor = Assessor(settings.lake, settings.home / "mlflow", settings.remote, settings.churn_horizon_days)
    app = create_app(Server(settings.lake, settings.home / "serving" / "lists.sqlite"), assessor.assess)
    uvicorn.run(app, host=settings.bind_host, port=settings.port("serving"), access_log=False, log_config=None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
