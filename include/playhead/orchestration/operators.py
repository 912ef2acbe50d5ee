"""The operator that every lakehouse task uses. The Airflow connection alone decides where the work runs.

A `spark_connect` connection (the embedded default) runs the job as a client of one warm server: no JVM per task. Any other Spark
connection (`spark://`, `yarn`, `k8s://`) submits the same job through spark-submit.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from playhead.errors import GateError, TooEarlyError
from playhead.io.attempts import attempt
from playhead.jobs.run_context import RunContext
from playhead.orchestration.spark import CONNECTION_ID, connect_session, is_connect
from playhead.settings import get_settings

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context


class LakehouseJob(BaseOperator):
    """Runs one job of `playhead.jobs.entry.JOBS` for the run it belongs to.

    A refused gate fails the task at once, for trying again would meet the same data; where it is too early for the job, for there is not
    enough history, the task and what follows it are skipped; everything else is retried. The job's summary (small numbers, never data) is
    the XCom value.
    """

    ui_color = "#e8f3ff"

    def __init__(self, *, job: str, options: dict[str, Any] | None = None, conn_id: str = CONNECTION_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.options = options or {}
        self.conn_id = conn_id

    def execute(self, context: Context) -> Any:
        """Run the job and return its summary."""
        run = run_context(context)
        try:
            with attempt(get_settings().lake, run.key, self.options.get("phase", self.job)):
                try:
                    return self._execute_in_session(run) if is_connect(self.conn_id) else self._submit(run)
                except TooEarlyError as early:  # an answer, not a step that failed: the attempt ends well
                    reason = str(early)
        except GateError as refusal:
            raise AirflowFailException(str(refusal)) from refusal
        raise AirflowSkipException(reason)

    def _execute_in_session(self, run: RunContext) -> Any:
        from playhead.jobs.entry import run_job

        spark = connect_session(self.conn_id)
        try:
            return run_job(self.job, spark, get_settings(), run, **self.options)
        finally:
            spark.stop()

    def _submit(self, run: RunContext) -> None:
        from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook

        application = Path(get_settings().project_dir) / "spark_apps" / "run_job.py"
        arguments = ["--job", self.job, "--run", json.dumps(run.to_dict()), "--options", json.dumps(self.options)]
        SparkSubmitHook(conn_id=self.conn_id, name=f"{run.dag_id}.{self.job}", application_args=arguments).submit(str(application))


def run_context(context: Context) -> RunContext:
    """The run of a task: backfills build their own interval, all other runs pull."""
    from airflow.utils.types import DagRunType

    dag_run = context["dag_run"]
    start, end = dag_run.data_interval_start, dag_run.data_interval_end
    is_backfill = dag_run.run_type == DagRunType.BACKFILL_JOB
    return RunContext(
        dag_id=dag_run.dag_id,
        run_id=dag_run.run_id,
        kind="backfill" if is_backfill else "pull",
        interval=(start, end) if is_backfill and start is not None and end is not None else None,
        is_asked=dag_run.run_type == DagRunType.MANUAL,
    )


class LakehouseAudit(LakehouseJob):
    """An audit job: emits its asset only when it found something, so that only findings wake a repair."""

    def execute(self, context: Context) -> Any:
        """Run the audit; skip (no asset event) when nothing was found."""
        summary = super().execute(context)
        if not summary or not summary.get("found"):
            raise AirflowSkipException("nothing found")
        return summary
