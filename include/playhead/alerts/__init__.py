"""Alerts: rules as a small table, and the transform that finds what breaks them."""
