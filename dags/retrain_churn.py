"""### Churn: features -> check -> train -> champion or challenger -> score

A paid user churns who is not active in the next H days. Features are point in time; training cut-offs plus H lie before the held-out
cut-off. A challenger is trained where the check finds that the model in service no longer fits (features that drifted, more or fewer that
leave than it says, its age), and always when the run was triggered by hand; `ops.churn_checks` has every answer. A challenger is promoted
only if it beats both the champion and the rule baseline on held-out PR-AUC; who loses scores in the shadow, and changes places with the
champion once outcomes show that it does better. Then every paid user is scored by the model in service and `gold.churn_scores` is
published. Runs and models are in MLflow.
"""

from airflow.sdk import dag

from playhead.orchestration.assets import table_asset
from playhead.orchestration.deadlines import table_deadline
from playhead.orchestration.defaults import START, dag_defaults, woken_or_timed
from playhead.orchestration.operators import LakehouseJob


@dag(
    schedule=woken_or_timed("0 4 * * *", by=table_asset("gold.user_daily")),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=dag_defaults("gold.churn_scores"),
    deadline=table_deadline("gold.churn_scores"),
    doc_md=__doc__,
    tags=["layer:gold", "model:churn", "tier:2"],
)
def retrain_churn() -> None:
    features = LakehouseJob(task_id="features", job="churn_features")
    check = LakehouseJob(task_id="check", job="churn_check")
    train = LakehouseJob(task_id="train_and_promote", job="churn_train")
    score = LakehouseJob(task_id="score", job="churn_score", outlets=[table_asset("gold.churn_scores")])
    _ = features >> check >> train >> score


retrain_churn()
