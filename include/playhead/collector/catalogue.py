"""The catalogue as the collector needs it: what a content id of a CMCD report is called, how long it is, and of what kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playhead.errors import PlayheadError

# Columns of the video family that a title brings; the catalogue's other fields are not the collector's business.
_COLUMNS = (
    "content_title",
    "content_type",
    "content_duration",
    "content_genre",
    "content_rating",
    "content_language",
    "content_creator_id",
)


class Catalogue:
    """Titles by content id from a JSON file, read again when the file changes. A file that is not there is an empty catalogue."""

    def __init__(self, path: Path) -> None:
        """Reads nothing yet."""
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._titles: dict[str, dict[str, Any]] = {}

    def title(self, content_id: str) -> Mapping[str, Any] | None:
        """The title's columns, or None where nobody has put it into the catalogue."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            self._titles, self._stamp = _read(self._path), stamp
        return self._titles.get(content_id)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {cid: {c: entry[c] for c in _COLUMNS if entry.get(c) is not None} for cid, entry in entries.items()}
    except (ValueError, AttributeError) as error:
        raise PlayheadError(f"{path} is not a catalogue ({error}); remove it and run `playhead simulate` again") from error
