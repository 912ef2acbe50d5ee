"""What counts as a difference between what the product tells and what the oracle tells."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from differences import differences

DAY = date(2026, 11, 24)


def row(place: Any, name: str = "a", **values: Any) -> dict[str, Any]:
    return {"RATIO": 0.5, "COUNTED": place, "NAME": name, "DAY": DAY, "SUM": Decimal("1.5"), **values}


def test_order_and_kinds_of_numbers_do_not_matter() -> None:
    """A key may be a whole number: 2 goes before 10, and is the same as 2.00."""
    expected = [row(10, RATIO=0.25), row(2, RATIO=0.75), row(2, "b"), row(None, "b", RATIO=None)]
    told = [row(None, "b", RATIO=None), row(Decimal("2.00"), "b"), row(Decimal(10), RATIO=Decimal("0.25")), row(Decimal(2), RATIO=0.75)]

    assert differences(told, expected) == []


OTHERS = [
    {"COUNTED": 3}, {"NAME": "c"}, {"RATIO": 0.500001}, {"RATIO": None}, {"SUM": Decimal("1.500001")}, {"DAY": date(2026, 11, 25)},
]  # fmt: skip


@pytest.mark.parametrize("other", OTHERS)
def test_one_value_that_differs_is_told(other: dict[str, Any]) -> None:
    ((name, told, expected),) = differences([row(1), row(2) | other], [row(1), row(2)])

    assert {name: told} == other
    assert expected == row(2)[name]


def test_rows_and_columns_that_differ_are_told() -> None:
    assert differences([row(1)], [row(1), row(1)])
    assert differences([row(1) | {"MORE": 1}], [row(1)])
