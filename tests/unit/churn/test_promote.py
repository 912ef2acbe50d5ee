"""The promotion truth table."""

from __future__ import annotations

import math

import pytest

from playhead.churn.promote import Contest, decide


@pytest.mark.parametrize(
    ("challenger", "baseline", "champion", "promoted"),
    [
        (0.6, 0.5, None, True),  # nobody in service: the baseline is enough
        (0.5, 0.5, None, False),  # a tie is not better
        (0.4, 0.5, None, False),
        (0.6, 0.5, 0.55, True),  # beats both
        (0.6, 0.5, 0.65, False),  # beats the baseline only
        (0.6, 0.5, 0.6, False),  # the same model again
        (0.45, 0.5, 0.4, False),  # beats the champion only
        (0.3, 0.5, 0.4, False),  # beats nobody
        (math.nan, 0.5, None, False),
        (0.6, math.nan, None, False),
        (0.6, 0.5, math.nan, False),
    ],
)
def test_promote__both_must_be_beaten(challenger, baseline, champion, promoted):
    verdict = decide(Contest(challenger=challenger, baseline=baseline, champion=champion))

    assert verdict.is_promoted is promoted
    assert f"{challenger:.4f}" in verdict.reason
    assert promoted == ("does not beat" not in verdict.reason)
