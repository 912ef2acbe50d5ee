"""Bad input at scale: records that break a rule, and odd ones that break none, through the real broker. `make badinput`."""
