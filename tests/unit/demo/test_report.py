"""What the demo shows and writes: the same figures on the terminal and in the JSON file."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from playhead.demo.report import VIEW_QUERIES, DemoResult, show
from playhead.quality.accounting import Accounts

NAMES = list(Accounts.__dataclass_fields__)
ACCOUNTS = Accounts(**dict.fromkeys(NAMES, 0) | {"sent": 1000, "acked": 1000, "bronze": 1000, "silver": 980, "duplicates": 20})
CHURN = {
    "USER_ID": "ann",
    "CHURN_RISK_CATEGORY": "High",
    "CHURN_RISK_SCORE": Decimal("0.75"),
    "DAYS_SINCE_LAST_ACTIVE": 12,
    "SUBSCRIPTION_TIER": "basic",
    "TOP_REASONS": "last active 12 days ago",
    "MODEL_VERSION": "churn-1",
}


@pytest.fixture
def result() -> DemoResult:
    return DemoResult(ACCOUNTS, 2, {view: [] for view in VIEW_QUERIES} | {"V_CHURN_RISK": [CHURN]}, {"success": 7}, 12.34)


def test_show__prints_books_and_rows_with_every_view_named(result: DemoResult) -> None:
    out = io.StringIO()
    show(Console(file=out, width=120), result)
    text = out.getvalue()
    assert "1,000" in text
    assert all(view in text for view in VIEW_QUERIES)
    assert "ann" in text
    assert "0.750" in text
    assert "churn-1" not in text, "a terminal has no room for every column"


def test_write__keeps_every_column_as_json(result: DemoResult, tmp_path: Path) -> None:
    result.write(tmp_path / "demo.json")
    told = json.loads((tmp_path / "demo.json").read_text())
    assert told["unaccounted"] == 0
    assert told["views"]["V_CHURN_RISK"] == [CHURN | {"CHURN_RISK_SCORE": 0.75}]
    assert told["dag_runs"] == {"success": 7}
    assert told["seconds"] == 12.3


def test_unaccounted__is_what_the_anti_joins_found(result: DemoResult) -> None:
    lost = replace(result, accounts=replace(ACCOUNTS, acked_not_in_bronze=2, valid_not_in_silver=1))
    assert lost.to_dict()["unaccounted"] == 3
    assert not lost.accounts.is_balanced
