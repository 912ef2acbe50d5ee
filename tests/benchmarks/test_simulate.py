"""When the bench `simulate` refuses its figures."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.simulate import difference

_SENT = {"records": 10, "digest": "7"}


@pytest.mark.parametrize(
    ("peer", "told"),
    [
        pytest.param({"records": 9, "digest": "7"}, "peer sent 9 records where at least 10", id="too few"),
        pytest.param({"records": 11, "digest": "7"}, "records differ", id="one more than ours"),
        pytest.param({"records": 10, "digest": "8"}, "records differ", id="other bytes"),
    ],
)
def test_unequal_records_are_told(peer: dict[str, Any], told: str) -> None:
    assert (difference({"ours": _SENT, "peer": peer}, 10) or "").startswith(told)


def test_equal_records_are_no_difference() -> None:
    assert difference({"ours": _SENT, "peer": dict(_SENT)}, 10) is None
