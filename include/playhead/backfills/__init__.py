"""Backfills through Airflow: what one would touch, how far it is, and whether what it left is right."""
