"""### Maintenance: the books, lost reports, audit, OPTIMIZE, VACUUM, retention

`reconcile` compares ledgers, bronze and silver minute by minute for the days that may still change, and opens the files of no others; a
difference fails it with the minute, the table and the ids, and stays in Prometheus until it is mended and the task cleared. All of history:
`playhead reconcile --all`.

`count_gaps` counts the reports that players numbered and the collector never took, into `ops.cmcd_gaps`: completeness back to the player.

`audit` looks for the same event id in two event hours; what it finds is appended to `ops.id_conflicts` and wakes `build_daily`.
`optimize` compacts and vacuums the batch tables and the logs; bronze is maintained every hour inside the streaming app, its one writer.
"""

from airflow.sdk import dag, task

from playhead.orchestration.assets import table_asset
from playhead.orchestration.defaults import START, dag_defaults, timed
from playhead.orchestration.operators import LakehouseAudit, LakehouseJob


@dag(
    schedule=timed("0 2 * * *"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=dag_defaults("ops.id_conflicts"),
    doc_md=__doc__,
    tags=["maintenance", "tier:2"],
)
def maintain() -> None:
    @task
    def reconcile() -> dict[str, int]:
        from playhead.jobs.reconcile import reconcile_open_days
        from playhead.settings import get_settings

        settings = get_settings()
        return reconcile_open_days(settings.lake, settings.ledger_dir, late_horizon_days=settings.late_horizon_days)

    @task
    def count_gaps() -> dict[str, int]:
        from playhead.jobs.cmcd_gaps import count_gaps
        from playhead.settings import get_settings

        settings = get_settings()
        return count_gaps(settings.lake, settings.plays_file)

    reconcile()
    count_gaps()
    LakehouseAudit(task_id="audit", job="audit", outlets=[table_asset("ops.id_conflicts")])
    LakehouseJob(task_id="optimize", job="maintain")


maintain()
