"""### Daily build: everything still pending, then the daily marts

Rebuilds every touched event hour that the hourly build left (late data, history), then every gold partition whose inputs changed:
`qoe_hourly`, `content_daily`, `user_daily`, `user_content_daily`, `ad_daily`, `audience_daily`, `experiments_daily`,
`subscriptions_daily`. Woken too when the audit found an event id in two hours, because that changes what silver may hold.

*Backfill of a day*: rebuilds exactly that day, silver and gold, and moves no cursor. Rebuilding gives the same content hash.
"""

from airflow.sdk import dag

from playhead.jobs.registry import DAILY_GOLD
from playhead.orchestration.assets import table_asset
from playhead.orchestration.builds import build_tasks
from playhead.orchestration.deadlines import table_deadline
from playhead.orchestration.defaults import START, dag_defaults, woken_or_timed


@dag(
    schedule=woken_or_timed("0 0 * * *", by=table_asset("ops.id_conflicts")),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=dag_defaults("gold.user_daily"),
    deadline=table_deadline("gold.user_daily"),
    doc_md=__doc__,
    tags=["layer:silver", "layer:gold", "tier:1"],
)
def build_daily() -> None:
    build_tasks(gold_tables=list(DAILY_GOLD), newest_hours=None)


build_daily()
