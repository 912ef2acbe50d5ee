"""Serves recommendations over HTTP: the published lists, from a file on this machine."""
