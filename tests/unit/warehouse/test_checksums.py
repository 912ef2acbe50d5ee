"""Reconciliation compares exactly, and says what differs."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from playhead.contracts.model import load_contract
from playhead.errors import WarehouseError
from playhead.warehouse.checksums import measures, partition_condition, reconcile


def test_reconcile__equal_sides_pass_whatever_the_number_type() -> None:
    lakehouse = {"2026-11-24": {"rows": 2, "plays_count": Decimal(2**60 + 1), "ad_revenue": Decimal("1.500000")}}
    warehouse = {"2026-11-24": {"rows": 2, "plays_count": 2**60 + 1, "ad_revenue": Decimal("1.5")}}
    reconcile("gold.user_daily", ["2026-11-24", "2026-11-25"], lakehouse, warehouse)


def test_reconcile__floating_point_would_hide_one_play_in_2_to_the_60() -> None:
    """The reason sums are cast to NUMBER: as doubles these two are equal."""
    assert float(2**60) == float(2**60 + 1)
    with pytest.raises(WarehouseError, match=f"plays_count is {2**60 + 1} in the lakehouse and {2**60} in the warehouse"):
        reconcile("gold.user_daily", ["d"], {"d": {"rows": 1, "plays_count": 2**60 + 1}}, {"d": {"rows": 1, "plays_count": 2**60}})


def test_reconcile__partition_missing_on_either_side_is_named() -> None:
    with pytest.raises(WarehouseError, match="partition 2026-11-24 does not reconcile: rows is 3 in the lakehouse and 0"):
        reconcile("gold.user_daily", ["2026-11-24"], {"2026-11-24": {"rows": 3}}, {})
    with pytest.raises(WarehouseError, match="rows is 0 in the lakehouse and 3"):
        reconcile("gold.user_daily", ["2026-11-24"], {}, {"2026-11-24": {"rows": 3}})


def test_partition_condition__neighbours_are_one_range_and_values_are_bound() -> None:
    condition, values = partition_condition(load_contract("gold.qoe_hourly"), ["2026-11-24T05", "2026-11-24T06", "2026-11-24T23"])
    assert condition == "(EVENT_HOUR >= %s AND EVENT_HOUR < %s) OR (EVENT_HOUR >= %s AND EVENT_HOUR < %s)"
    assert values == [datetime.fromisoformat(t) for t in ("2026-11-24T05", "2026-11-24T07", "2026-11-24T23", "2026-11-25T00")]


def test_measures__are_the_columns_that_add_up_exactly() -> None:
    contract = load_contract("gold.churn_scores")
    assert measures(contract) == ["days_since_last_active", "horizon_days"]
    assert {"ad_revenue", "engagement_score", "watched_ms"} <= set(measures(load_contract("gold.user_daily")))
