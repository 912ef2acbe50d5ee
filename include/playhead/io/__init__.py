"""The only read and write calls."""
