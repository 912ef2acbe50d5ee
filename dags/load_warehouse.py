"""### Load the warehouse: gold -> Snowflake -> BI views

Loads the partitions that were published since the last load, by Delta version: PUT, COPY INTO a staging table, then one transaction
per table, so that readers see the old partition or the new one, never between. Afterwards counts and sums are reconciled with the
lakehouse; a difference fails the task and names the table, the partition and both values. Unchanged tables cost nothing.

Woken by every gold table, and daily in any case.
"""

from airflow.sdk import AssetAny, dag

from playhead.orchestration.assets import layer_assets
from playhead.orchestration.deadlines import table_deadline
from playhead.orchestration.defaults import START, dag_defaults, woken_or_timed
from playhead.orchestration.snowflake import EnsureWarehouse, LoadWarehouse


@dag(
    schedule=woken_or_timed("30 5 * * *", by=AssetAny(*layer_assets("gold"))),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=dag_defaults("ops.load_log"),
    deadline=table_deadline("ops.load_log"),
    doc_md=__doc__,
    tags=["layer:warehouse", "tier:1"],
)
def load_warehouse() -> None:
    _ = EnsureWarehouse(task_id="create_objects") >> LoadWarehouse(task_id="load")


load_warehouse()
