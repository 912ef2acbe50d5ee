"""Jobs: read, transform, check, write. They join pure code and io."""
