"""Kafka records to bronze.events: one parse, one row each."""
