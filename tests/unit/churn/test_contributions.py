"""Contributions are LightGBM's own, though it is asked about few of the rows."""

from __future__ import annotations

import numpy as np
import pytest

from playhead.churn.contributions import contributions
from playhead.churn.feature_list import FEATURE_NAMES
from playhead.churn.model import load_lightgbm
from playhead.churn.train import PARAMETERS, train_model


@pytest.fixture(scope="module")
def booster(slices):
    return load_lightgbm().Booster(model_str=train_model(slices["train"], slices["calibration"], 7).booster_text)


def _matrix(rows):
    return rows[list(FEATURE_NAMES)].to_numpy(dtype="float64")


def _told_of_each_row(booster, matrix):
    return booster.predict(matrix, pred_contrib=True)[:, :-1]


def test_contributions__are_those_of_each_row_alone(booster, slices):
    matrix = _matrix(slices["held_out"])
    assert np.isnan(matrix).any()

    assert np.allclose(contributions(booster, matrix), _told_of_each_row(booster, matrix), rtol=0, atol=1e-12)


def test_contributions__a_value_on_a_threshold_is_not_above_it(booster, slices):
    splits = booster.trees_to_dataframe().dropna(subset="threshold")
    matrix = np.repeat(_matrix(slices["held_out"].head(1)), 2 * len(splits), axis=0)
    columns = [FEATURE_NAMES.index(name) for name in splits["split_feature"]]
    for row, (column, threshold) in enumerate(zip(columns, splits["threshold"], strict=True)):
        matrix[2 * row : 2 * row + 2, column] = threshold, np.nextafter(threshold, np.inf)
    told = _told_of_each_row(booster, matrix)
    assert (told[::2] != told[1::2]).any(axis=1).mean() > 0.9

    assert np.allclose(contributions(booster, matrix), told, rtol=0, atol=1e-12)


def test_contributions__the_unknown_is_not_taken_for_the_largest(booster, slices):
    matrix = np.repeat(_matrix(slices["held_out"].head(1)), 2, axis=0)
    matrix[:, FEATURE_NAMES.index("stall_ratio_14d")] = 1e9, np.nan
    told = _told_of_each_row(booster, matrix)
    assert not np.allclose(told[0], told[1])

    assert np.allclose(contributions(booster, matrix), told, rtol=0, atol=1e-12)


def test_contributions__lightgbm_is_asked_about_one_row_of_a_kind(booster, slices):
    asked: list[int] = []

    class Counted:
        def dump_model(self):
            return booster.dump_model()

        def predict(self, matrix, **options):
            asked.append(len(matrix))
            return booster.predict(matrix, **options)

    matrix = _matrix(slices["held_out"])
    twice = np.concatenate([matrix, matrix])
    contributions(Counted(), twice)

    assert len(asked) == booster.num_trees()
    assert sum(asked) < 0.2 * len(twice) * booster.num_trees()


def test_contributions__kinds_of_the_largest_tree_are_counted_in_64_bits():
    splits = PARAMETERS["num_leaves"] - 1
    assert 3**splits < 2**63  # at worst each split has a feature of its own: below, above, unknown
