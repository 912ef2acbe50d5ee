"""One writer per table: the second one is told who holds it, and a dead holder holds nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from playhead.errors import LockHeldError
from playhead.io.lock import table_lock

HOLD_AND_DIE = """
import os, sys
from playhead.io.lock import table_lock
with table_lock(sys.argv[1], "gold.user_daily", holder="the dead"):
    print("held", flush=True)
    os.kill(os.getpid(), 9)
"""


def test_lock__second_writer_is_refused_and_told_the_holder(lake: str) -> None:
    with (
        table_lock(lake, "gold.user_daily", holder="run one"),
        pytest.raises(LockHeldError, match=r"gold\.user_daily is being written by run one, process \d+"),
        table_lock(lake, "gold.user_daily", holder="run two", wait_s=0),
    ):
        pass


def test_lock__other_tables_are_free(lake: str) -> None:
    with table_lock(lake, "gold.user_daily", holder="one"), table_lock(lake, "gold.qoe_hourly", holder="two", wait_s=0):
        assert (Path(lake) / "_locks" / "gold.qoe_hourly.lock").read_text().startswith("two, process")


def test_lock__is_free_again_after_its_holder_ends_or_dies(lake: str) -> None:
    with table_lock(lake, "gold.user_daily", holder="one"):
        pass
    dead = subprocess.run([sys.executable, "-c", HOLD_AND_DIE, lake], capture_output=True, text=True, check=False)
    assert (dead.stdout.strip(), dead.returncode) == ("held", -9)
    with table_lock(lake, "gold.user_daily", holder="two", wait_s=0):
        pass
