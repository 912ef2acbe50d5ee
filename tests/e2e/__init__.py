"""End to end, on one stack for all of these tests, which ends with the last of them."""
