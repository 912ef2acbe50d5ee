"""### Watch the stream

Waits, in the triggerer, for trouble with the streaming app: no sign of life for 90 seconds, a start that takes more than three minutes, an
end after which nobody started it again, or records that wait while nothing lands for three minutes. Then the supervisor starts
it anew; there is never a second app, and one that a person stopped stays stopped. Where no supervisor is, the cluster's own probe of
the heartbeat does the same.

A run lasts six hours or until there was trouble, and the next one begins at once. Who has to know is told by the watcher's mail about the
deadline of `bronze.events`, not by this DAG. What a run did is the return value of its task.
"""

from airflow.sdk import dag

from playhead.orchestration.defaults import START, dag_defaults
from playhead.orchestration.stream_watch import WatchStream


@dag(
    schedule="@continuous",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=dag_defaults("bronze.events"),
    doc_md=__doc__,
    tags=["layer:bronze", "tier:1"],
)
def stream_watch() -> None:
    WatchStream(task_id="watch", execution_timeout=None)


stream_watch()
