"""Gold marts, each a pure function of silver."""
