"""What the exporter reads: each module turns one source into readings, and raises where the source cannot be read."""
