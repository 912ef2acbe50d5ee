"""Ad events: times in milliseconds, prices as the decimals that were paid."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from playhead.contracts.derive import spark_schema
from playhead.contracts.model import load_contract
from playhead.silver.ad_events import build_ad_events

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Rows = Callable[..., "DataFrame"]


def test_ad_events__conformed_by_contract(rows: Rows) -> None:
    skip = {
        "at": 0, "event_type": "ad_skip", "family": "ad", "ad_id": "ad-1", "ad_type": "mid_roll", "ad_duration": 15.0, "ad_position": 600.5,
        "view_duration": 5.0005, "skip_position": 5.001, "content_id": "title-1", "content_type": "movie", "ad_price": Decimal("0.012345"),
        "currency": "USD",
    }  # fmt: skip
    built = build_ad_events(rows("bronze.events", skip, skip | {"event_id": "event-000"}), rows("ops.id_conflicts"))
    assert built.schema == spark_schema(load_contract("silver.ad_events"))
    (event,) = built.collect()
    assert (event.ad_duration_ms, event.ad_position_ms, event.view_ms, event.skip_position_ms) == (15_000, 600_500, 5001, 5001)
    assert event.click_position_ms is None
    assert event.ad_price == Decimal("0.012345")
