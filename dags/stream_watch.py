"""### Watch the stream

Reads the streaming app's heartbeat every five minutes: a stale heartbeat or a lag that grows fails the task, which mails the owner
with the next step. Starts nothing itself: the supervisor (or the cluster manager) restarts the app, so there are never two.
"""

from airflow.sdk import dag, task

from playhead.orchestration.defaults import START, dag_defaults, timed


@dag(
    schedule=timed("*/5 * * * *"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=dag_defaults("bronze.events", retries=1),
    doc_md=__doc__,
    tags=["layer:bronze", "tier:1"],
)
def stream_watch() -> None:
    @task
    def heartbeat() -> dict[str, object]:
        from playhead.observability.heartbeat import check_heartbeat
        from playhead.settings import get_settings

        return check_heartbeat(get_settings().home)

    heartbeat()


stream_watch()
