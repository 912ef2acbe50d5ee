"""Interactions keep what was said about a title, but not the words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from playhead.contracts.derive import spark_schema
from playhead.contracts.model import load_contract
from playhead.silver.interactions import build_interactions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Rows = Callable[..., "DataFrame"]


def test_interactions__comment_becomes_its_length(rows: Rows) -> None:
    title = {"family": "interaction", "content_id": "title-1", "content_type": "movie"}
    comment = title | {"at": 0, "event_type": "user_comment", "comment_text": "schön 👍", "subscription_tier": "basic"}
    like = title | {"at": 1, "event_type": "user_like"}
    other_family = like | {"family": "video"}
    built = build_interactions(
        rows("bronze.events", comment, comment | {"event_id": "event-000"}, like, other_family), rows("ops.id_conflicts")
    )
    assert built.schema == spark_schema(load_contract("silver.interactions"))
    found = built.orderBy("event_timestamp").collect()
    # s c h ö n, a space and one thumb: 7 characters; the copy with the same id counts once
    assert [(row.event_type, row.comment_chars_count, row.subscription_tier) for row in found] == [
        ("user_comment", 7, "basic"),
        ("user_like", None, None),
    ]
