"""### Hourly build: bronze -> silver -> gold.qoe_hourly

Reads every bronze version it has not seen, works out which event hours they touch, and rebuilds the **newest three** of them; older
ones wait for `build_daily`. Woken when the stream announces that an event hour closed, and every hour in any case.

Each phase is a task: it **stages** its tables, **gates** the staged rows with Great Expectations, and **publishes** what passed in one
commit per table. A partition that fails publishes nothing, stays pending, and does not hold back the others; the last task names it
and fails.

*Backfill*: builds exactly its own hours and moves no cursor. *Clearing a task* is safe: every step is idempotent.
"""

from airflow.sdk import dag

from playhead.orchestration.assets import HOUR_CLOSED
from playhead.orchestration.builds import build_tasks
from playhead.orchestration.deadlines import table_deadline
from playhead.orchestration.defaults import START, dag_defaults, woken_or_timed


@dag(
    schedule=woken_or_timed("0 * * * *", by=HOUR_CLOSED),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=dag_defaults("gold.qoe_hourly"),
    deadline=table_deadline("gold.qoe_hourly"),
    doc_md=__doc__,
    tags=["layer:silver", "layer:gold", "tier:1"],
)
def build_hourly() -> None:
    build_tasks(gold_tables=["gold.qoe_hourly"], newest_hours=3)


build_hourly()
