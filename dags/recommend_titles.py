"""### Recommendations: contest -> rank

What each viewer would like to watch next, of the titles not seen in the last 28 days. Implicit-feedback factors (Spark ALS) are learnt anew
from `gold.user_content_daily`; over the last week they compete with two baselines, popular titles and those popular lately, by NDCG@10 and
recall@10. What wins makes `gold.recommendations`: the better baseline where the model does not beat both, and the lists say so.
"""

from airflow.sdk import dag

from playhead.orchestration.assets import table_asset
from playhead.orchestration.deadlines import table_deadline
from playhead.orchestration.defaults import START, dag_defaults, woken_or_timed
from playhead.orchestration.operators import LakehouseJob


@dag(
    schedule=woken_or_timed("30 4 * * *", by=table_asset("gold.user_content_daily")),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=dag_defaults("gold.recommendations"),
    deadline=table_deadline("gold.recommendations"),
    doc_md=__doc__,
    tags=["layer:gold", "model:recommendations", "tier:2"],
)
def recommend_titles() -> None:
    contest = LakehouseJob(task_id="contest", job="recommend_contest")
    rank = LakehouseJob(task_id="rank", job="recommend_rank", outlets=[table_asset("gold.recommendations")])
    _ = contest >> rank


recommend_titles()
