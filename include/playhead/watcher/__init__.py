"""The watcher: a process beside Airflow that tells by mail what is missed, what has come after all, and how things stand every morning."""
