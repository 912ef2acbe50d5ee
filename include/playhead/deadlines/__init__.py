"""Deadlines: what is due when by the contracts, what is overdue, and who is told of it by mail, once."""
