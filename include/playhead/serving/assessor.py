"""The churn risk of single users, worked out by the batch engine when somebody asks."""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from threading import Semaphore
from typing import TYPE_CHECKING

from tenacity import Retrying, before_sleep_log, retry_if_exception_type, stop_after_attempt

from playhead.errors import StackError
from playhead.spark import reach

if TYPE_CHECKING:
    from playhead.churn.now import ChurnNow
    from playhead.jobs.churn_now import ChurnScorer

logger = logging.getLogger(__name__)

_AT_ONCE = 2  # questions: each takes the engine for a moment, which is there for builds first


class Assessor:
    """Asks the batch engine. Its client is imported with the first question: who only serves lists needs none."""

    def __init__(self, lake: str, models: Path, remote: str, horizon_days: int) -> None:
        self._lake, self._models, self._remote, self._horizon_days = lake, models, remote, horizon_days
        self._turns = Semaphore(_AT_ONCE)

    def assess(self, user_id: str) -> ChurnNow:
        """The risk of a paid user as of now.

        Raises:
            StackError: the engine does not answer, or failed twice.
            UnknownUserError: no paid user with this id was seen.
            ModelError: there is nothing to score yet, or the model cannot be used.
        """
        from pyspark.errors import PySparkException

        # An engine that was started anew does not know the session of before.
        once_more = Retrying(
            retry=retry_if_exception_type(PySparkException),
            stop=stop_after_attempt(2),
            before_sleep=before_sleep_log(logger, logging.WARNING),
            reraise=True,
        )
        with self._turns:
            try:
                return once_more(self._ask, user_id)
            except PySparkException as error:
                raise StackError(
                    f"the batch engine at {self._remote} failed ({type(error).__name__}); see `playhead logs spark_connect`"
                ) from error

    def _ask(self, user_id: str) -> ChurnNow:
        from pyspark.errors import PySparkException

        spark = reach(self._remote)
        try:
            return self._scorer.score(spark, user_id)
        except PySparkException:
            with suppress(Exception):  # a session that the engine no longer knows cannot be closed there either
                spark.stop()
            raise

    @cached_property
    def _scorer(self) -> ChurnScorer:
        from playhead.churn.registry import ChurnRegistry
        from playhead.jobs.churn_now import ChurnScorer

        return ChurnScorer(self._lake, ChurnRegistry(self._models), self._horizon_days)
