"""Playhead: player events in through Kafka, trusted answers out of Snowflake BI views."""

__version__ = "0.1.0"
