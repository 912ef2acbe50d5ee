"""Heartbeats and metrics."""
