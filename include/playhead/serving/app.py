"""What apps ask over HTTP, as /openapi.json has it: a viewer's list from a file on this machine, a user's risk from the batch engine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Response
from fastapi import Path as InPath
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from playhead.churn.now import ChurnNow
from playhead.errors import ModelError, StackError, UnknownUserError
from playhead.serving.metrics import Metrics
from playhead.serving.shelf import Place, Shelf, refresh_shelf

logger = logging.getLogger(__name__)

LOOKS_EVERY_S = 15.0
Id = Annotated[str, InPath(min_length=1, max_length=128)]
_NO_RISK: dict[int | str, dict[str, Any]] = {
    404: {"description": "no paid user with this id was seen"},
    503: {"description": "there is nothing to score yet, or the batch engine does not answer"},
}
_NOTHING_YET = "nothing was recommended yet; run the DAG recommend_titles, or `playhead recommend refresh`"


class Answer(BaseModel):
    """The list of a viewer, best first, with the day that it was made from and what ranked it.

    Who has no list is told popular titles, and `ranked_by` says so.
    """

    viewer_id: str
    score_date: date
    ranked_by: str
    recommendations: list[Place]


class Server:
    """The shelf in use. It is looked after in the background: a question never waits for a new one."""

    def __init__(self, lake: str, path: Path, *, looks_every_s: float = LOOKS_EVERY_S) -> None:
        self._lake, self._path, self._looks_every_s = lake, path, looks_every_s
        self.shelf: Shelf | None = None
        self.metrics = Metrics()

    def answer(self, viewer_id: str) -> Answer:
        """The list of a viewer.

        Raises:
            HTTPException: 503, before the first lists.
        """
        if self.shelf is None:
            raise HTTPException(503, _NOTHING_YET)
        own = self.shelf.of(viewer_id)
        ranked_by = self.shelf.ranked_by if own else "popularity"
        return Answer(viewer_id=viewer_id, score_date=self.shelf.score_date, ranked_by=ranked_by, recommendations=own or self.shelf.popular)

    def look(self) -> None:
        """Take newer lists into use, if there are any."""
        if refresh_shelf(self._lake, self._path) or (self.shelf is None and self._path.is_file()):
            self.shelf = Shelf(self._path)
            self.metrics.use_lists(self.shelf.score_date)

    async def look_again_and_again(self) -> None:
        """Until it is cancelled. What is in use stays in use when a look fails."""
        while True:
            try:
                await run_in_threadpool(self.look)
            except Exception:
                logger.exception("the lists cannot be read; those in use stay")
            await asyncio.sleep(self._looks_every_s)


def create_app(server: Server, assess: Callable[[str], ChurnNow]) -> FastAPI:
    """The application over one server of lists, and who knows the risk of a user."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        looking = asyncio.create_task(server.look_again_and_again())
        yield
        looking.cancel()

    app = FastAPI(title="Playhead serving", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.middleware("http")(server.metrics.measured)

    @app.get("/v1/recommendations/{viewer_id}", responses={503: {"description": "nothing was recommended yet"}})
    async def recommendations(viewer_id: Id) -> Answer:
        """Titles to watch next: user_id of who is signed in, else device_id."""
        return server.answer(viewer_id)

    @app.get("/v1/churn/{user_id}", responses=_NO_RISK)
    def churn(user_id: Id) -> ChurnNow:
        """The churn risk as of now: worked out when asked, in seconds, by the features and the model of the day's scores."""
        try:
            return assess(user_id)
        except UnknownUserError as error:
            raise HTTPException(404, str(error)) from error
        except (ModelError, StackError) as error:
            raise HTTPException(503, str(error)) from error

    @app.get("/healthz", responses={503: {"description": "nothing was recommended yet"}})
    async def healthz() -> dict[str, str]:
        """200 while lists can be told."""
        if server.shelf is None:
            raise HTTPException(503, _NOTHING_YET)
        return {"score_date": server.shelf.score_date.isoformat()}

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """For Prometheus."""
        return Response(generate_latest(server.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app
