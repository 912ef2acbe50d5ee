"""Kafka's topics are those that the checkpoint's offsets are of, or the streaming app does not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from playhead.errors import StackError
from playhead.jobs.ingest import require_same_topics


def test_start__a_topic_made_anew_is_refused(tmp_path: Path) -> None:
    checkpoint = str(tmp_path / "checkpoint")
    require_same_topics(checkpoint, {"video_events": "1", "ad_events": "2"})
    require_same_topics(checkpoint, {"video_events": "1", "ad_events": "2"})
    with pytest.raises(StackError, match=r"^ad_events was deleted and made again"):
        require_same_topics(checkpoint, {"video_events": "1", "ad_events": "3"})


def test_start__a_topic_that_is_new_to_the_checkpoint_is_remembered(tmp_path: Path) -> None:
    checkpoint = str(tmp_path / "checkpoint")
    require_same_topics(checkpoint, {"video_events": "1"})
    require_same_topics(checkpoint, {"ad_events": "2"})
    require_same_topics(checkpoint, {"video_events": "1", "ad_events": "2"})
    with pytest.raises(StackError, match="video_events"):
        require_same_topics(checkpoint, {"video_events": "9"})
    with pytest.raises(StackError, match="ad_events"):
        require_same_topics(checkpoint, {"ad_events": "9"})
