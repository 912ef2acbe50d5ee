"""What a valid play is. Light, because the command line imports it."""

from __future__ import annotations

# A play that was on screen for less is not counted as a valid one (Snowplow's valid play).
VALID_MS = 30_000
