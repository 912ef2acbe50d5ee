"""The Lakehouse page of the Airflow UI: whether the data is complete, fresh and good, and the button that repairs it."""
