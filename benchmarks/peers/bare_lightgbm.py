"""Peer: lightgbm.train on a matrix that lies ready, and nothing else. Prints one line of JSON.

The product's own parameters, rounds and way of waiting, on the rows that it trains on; what it then predicts of the held-out rows, before
any calibration, is told as a digest.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from playhead.churn.feature_list import FEATURE_NAMES
from playhead.churn.model import load_lightgbm
from playhead.churn.train import PARAMETERS, ROUNDS

if TYPE_CHECKING:
    import numpy as np

TRAIN, HELD_OUT = "train.parquet", "held_out.parquet"


def matrix(rows: pd.DataFrame) -> np.ndarray[Any, Any]:
    """The features of rows, in their order."""
    return rows[list(FEATURE_NAMES)].to_numpy(dtype="float64")


def margin_digest(booster: Any, rows: pd.DataFrame) -> str:
    """A digest of what the trees say of rows, to the last bit."""
    return hashlib.sha256(booster.predict(matrix(rows), raw_score=True, num_threads=1).tobytes()).hexdigest()


def main() -> None:
    """Train by the clock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=Path, required=True, help=f"directory with {TRAIN} and {HELD_OUT}")
    arguments = parser.parse_args()
    train = pd.read_parquet(arguments.rows / TRAIN)
    lgb = load_lightgbm()
    features, labels = matrix(train), train["churned"].to_numpy(dtype="float64")
    began = time.monotonic()
    booster = lgb.train(PARAMETERS, lgb.Dataset(features, label=labels, feature_name=list(FEATURE_NAMES)), num_boost_round=ROUNDS)
    seconds = time.monotonic() - began
    print(json.dumps({"seconds": seconds, "margins": margin_digest(booster, pd.read_parquet(arguments.rows / HELD_OUT))}))


if __name__ == "__main__":
    main()
