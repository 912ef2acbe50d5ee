"""What events and tables promise, and everything that is derived from it."""
