"""The demo: the whole lakehouse, run once from players to answers, on real parts."""
