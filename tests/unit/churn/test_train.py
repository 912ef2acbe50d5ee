"""Training finds the planted hazard, tells calibrated probabilities, and does the same again."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from playhead.churn.train import check_learnable, evaluate, fit_calibration, is_ordered, train_model
from playhead.errors import ModelError


@pytest.fixture(scope="module")
def trained(slices):
    return train_model(slices["train"], slices["calibration"], 7)


def _labels(rows):
    return rows["churned"].to_numpy(dtype="float64")


def test_train__learns_more_than_the_rule_knows(trained, slices):
    held_out = slices["held_out"]
    model = evaluate(_labels(held_out), trained.predict(held_out))
    rule = evaluate(_labels(held_out), held_out["rule_score"].to_numpy())

    assert model.pr_auc > rule.pr_auc + 0.15
    assert model.roc_auc > 0.75
    assert model.brier < rule.brier


def test_train__probabilities_are_calibrated_on_held_out_users(trained, slices):
    found = evaluate(_labels(slices["held_out"]), trained.predict(slices["held_out"]))

    assert sum(b.rows for b in found.bins) == 3000
    assert found.calibration_error < 0.04
    assert [b.predicted for b in found.bins] == sorted(b.predicted for b in found.bins)


def test_train__without_calibration_a_skewed_margin_is_off(slices):
    """The control of the test above: the margins doubled, as an overfitted model's are."""
    rng = np.random.default_rng(4)
    margins = rng.normal(-1, 1, 20_000)
    labels = (rng.uniform(size=20_000) < 1 / (1 + np.exp(-margins))).astype(float)

    fitted = fit_calibration(2 * margins[:10_000], labels[:10_000])
    raw = evaluate(labels[10_000:], 1 / (1 + np.exp(-2 * margins[10_000:])))
    mended = evaluate(labels[10_000:], 1 / (1 + np.exp(-(fitted.slope * 2 * margins[10_000:] + fitted.intercept))))

    assert fitted.slope == pytest.approx(0.5, abs=0.05)
    assert raw.calibration_error > 0.06 > 0.03 > mended.calibration_error


def test_train__order_of_rows_does_not_matter(trained, slices):
    shuffled = slices["train"].sample(frac=1.0, random_state=5)

    assert train_model(shuffled, slices["calibration"], 7).to_files() == trained.to_files()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], True),
        ([(14, "a")], True),
        ([(14, "b"), (14, "c"), (16, "a"), (16, "a")], True),
        ([(14, "c"), (14, "b"), (16, "a")], False),
        ([(16, "a"), (14, "b")], False),
    ],
)
def test_train__rows_in_order_are_known(rows, told):
    frame = pd.DataFrame({"cutoff_date": [date(2026, 1, day) for day, _ in rows], "user_id": [user for _, user in rows]}, dtype=object)

    assert is_ordered(frame) is told


def test_train__rows_in_order_are_not_sorted_again(trained, slices, monkeypatch):
    monkeypatch.setattr(pd.DataFrame, "sort_values", None)

    assert train_model(slices["train"], slices["calibration"], 7).to_files() == trained.to_files()


def test_train__evaluation_worked_by_hand():
    found = evaluate(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.8, 0.7, 0.1]))

    # ranked 1 0 1 0: precision at the hits is 1/1 and 2/3, their mean 5/6; 3 of the 4 pairs are in order
    assert found.pr_auc == pytest.approx(5 / 6)
    assert found.roc_auc == pytest.approx(3 / 4)
    assert found.brier == pytest.approx((0.01 + 0.64 + 0.09 + 0.01) / 4)
    assert (found.rows, found.churned, len(found.bins)) == (4, 2, 4)


def test_train__one_outcome_only_is_refused_by_name(slices):
    loyal = slices["train"].assign(churned=False)

    with pytest.raises(ModelError, match="slice train has 3000 paid users of whom 0 churned"):
        check_learnable({"calibration": slices["calibration"], "train": loyal})
    check_learnable(slices)


def test_train__calibration_is_the_same_on_any_number_of_cores():
    rng = np.random.default_rng(6)
    margins = rng.normal(-1, 1.2, 40_000)
    labels = (rng.uniform(size=40_000) < 1 / (1 + np.exp(-margins))).astype(float)

    with threadpool_limits(2, user_api="blas"):
        on_two = fit_calibration(margins, labels)
    with threadpool_limits(1, user_api="blas"):
        assert fit_calibration(margins, labels) == on_two


def test_train__margins_that_rank_the_wrong_way_are_refused():
    with pytest.raises(ModelError, match="slope must be a positive number"):
        fit_calibration(np.array([3.0, 2.0, -2.0, -3.0] * 10), np.array([0.0, 0.0, 1.0, 1.0] * 10))
