"""Serves apps over HTTP: the published recommendations, from a file on this machine, and the churn risk of a user as of now."""
