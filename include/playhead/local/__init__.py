"""The embedded stack: processes, ports, jars."""
