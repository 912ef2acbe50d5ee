"""A directory on a disk that is full, and where it was before and after."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from faults.small_disk import full_disk, small_disk

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@needs_root
def test_nothing_can_be_written_while_the_disk_is_full_and_what_was_there_stays(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "before").write_text("x")
    with full_disk(directory):
        assert (directory / "before").read_text() == "x"
        with pytest.raises(OSError, match="No space left") as failure:
            (directory / "during").write_text("x")
        assert failure.value.errno == errno.ENOSPC
        (directory / "before").unlink()
    (directory / "after").write_text("x")
    assert sorted(path.name for path in directory.iterdir()) == ["after", "during"]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@needs_root
def test_small_disk_has_room_until_it_is_filled_and_when_room_is_made(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    directory.mkdir()
    with small_disk(directory) as disk:
        (directory / "before").write_text("x")
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            (directory / "full").write_text("x")
        disk.make_room()
        (directory / "after").write_text("x")
    assert {"before", "after"} <= {path.name for path in directory.iterdir()}
