"""How Airflow connects to the embedded stack's database, which one process at a time writes to."""

# Seconds. Where tasks, scheduler and api-server write at once on a busy machine, the default of five ends in an error for whoever asked.
CONNECT_ARGS = {"timeout": 30}
