"""### Maintenance: audit, OPTIMIZE, VACUUM, retention

`audit` looks for the same event id in two event hours; what it finds is appended to `ops.id_conflicts` and wakes `build_daily`.
`optimize` compacts and vacuums the batch tables; bronze is maintained every hour inside the streaming app, its one writer.
"""

from airflow.sdk import dag

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
    LakehouseAudit(task_id="audit", job="audit", outlets=[table_asset("ops.id_conflicts")])
    LakehouseJob(task_id="optimize", job="maintain")


maintain()
