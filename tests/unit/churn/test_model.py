"""The model as files and its reasons in words."""

from __future__ import annotations

import json
import math
import os

import numpy as np
import pytest

from playhead.churn.feature_list import FEATURE_NAMES, FEATURES, TOPIC_WORDS
from playhead.churn.model import CALIBRATION_FILE, FEATURES_FILE, MODEL_FILE, NO_REASON, Calibration, ChurnModel, _reasons, load_lightgbm
from playhead.churn.train import train_model
from playhead.errors import ModelError


@pytest.fixture(scope="module")
def model(slices):
    return train_model(slices["train"], slices["calibration"], 7)


def test_model__files_give_the_same_model_back(model, slices):
    again = ChurnModel.from_files(model.to_files())

    assert again == model
    assert (again.predict(slices["held_out"]) == model.predict(slices["held_out"])).all()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (MODEL_FILE, b"tree", "not a LightGBM model"),
        (CALIBRATION_FILE, b'{"slope": 1.0, "intercept": 0.0, "more": 1}', "cannot be read"),
        (CALIBRATION_FILE, b'{"slope": NaN, "intercept": 0.0}', "positive number"),
        (CALIBRATION_FILE, b"{", "cannot be read"),
        (FEATURES_FILE, b'{"features": []}', "cannot be read"),
        (FEATURES_FILE, json.dumps({"horizon_days": 7, "features": list(reversed(FEATURE_NAMES))}).encode(), "trained on"),
    ],
)
def test_model__wrong_files_are_refused(model, name, content, told):
    with pytest.raises(ModelError, match=told):
        ChurnModel.from_files(model.to_files() | {name: content})


def test_model__missing_file_is_refused(model):
    files = model.to_files()
    del files[CALIBRATION_FILE]

    with pytest.raises(ModelError, match=CALIBRATION_FILE):
        ChurnModel.from_files(files)


def test_model__missing_feature_is_named(model, slices):
    with pytest.raises(ModelError, match="needs stall_ratio_14d"):
        model.predict(slices["held_out"].drop(columns=["stall_ratio_14d"]))


def test_model__says_the_same_on_any_number_of_threads(model, slices):
    assert (model.predict(slices["held_out"], num_threads=2) == model.predict(slices["held_out"])).all()


def test_model__planted_causes_are_the_reasons(model, slices):
    rows = slices["held_out"].head(2).copy()
    rows["days_since_last_active"] = [9.0, 0.0]
    rows["active_days_7d"] = [0.0, 7.0]
    rows["stall_ratio_14d"] = [0.0, 0.25]

    absent, stalled = model.explain(rows)

    assert absent.startswith("last active 9 days ago")
    assert stalled.startswith("stalled 25.0% of the time")


def test_model__reasons_add_up_topics_and_stop_at_three():
    features = ("days_since_last_active", "active_days_7d", "stall_ratio_14d", "ads_per_hour_14d", "watch_trend", "tenure_days")
    topics = ("absence", "absence", "stalls", "ads", "trend", "tenure")
    values = np.array([[8.0, 0.0, 0.031, 6.0, math.nan, 3.0]] * 3)
    contributed = np.array(
        [
            [0.2, 0.2, 0.3, -1.0, 0.1, 0.05],  # absence 0.2 + 0.2 = 0.4 leads; tenure 0.05 would be the fourth
            [0.3, -0.2, -0.1, 0.0, 0.2, 0.2],  # tenure and trend are equal: in order of their names, and both before absence 0.1
            [-0.1, -0.1, -0.1, -0.1, -0.1, 0.0],
        ]
    )

    assert _reasons(features, topics, values, contributed) == [
        "last active 8 days ago; stalled 3.1% of the time; trend unknown",
        "customer for 3 days; trend unknown; last active 8 days ago",
        NO_REASON,
    ]


def test_model__every_topic_has_words_with_a_feature_of_its_own():
    assert {feature.topic for feature in FEATURES} == TOPIC_WORDS.keys()
    assert {feature for feature, _ in TOPIC_WORDS.values()} <= set(FEATURE_NAMES)


def test_model__calibration_must_keep_the_ranking():
    with pytest.raises(ModelError):
        Calibration(slope=-1.0)


def test_threads_of_the_trees_sleep_while_they_wait(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    load_lightgbm()
    assert os.environ["OMP_WAIT_POLICY"] == "passive"


def test_an_operators_way_of_waiting_stays(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    load_lightgbm()
    assert os.environ["OMP_WAIT_POLICY"] == "active"
