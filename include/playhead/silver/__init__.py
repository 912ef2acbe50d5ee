"""Silver tables, each a pure function of bronze."""
