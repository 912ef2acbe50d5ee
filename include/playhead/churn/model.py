"""The churn model as text and numbers: trees, calibration and feature names. It travels to executors, to the registry and back as is."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from playhead.churn.contributions import contributions
from playhead.churn.feature_list import FEATURES, TOPIC_WORDS
from playhead.churn.reference import Reference
from playhead.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MODEL_FILE, CALIBRATION_FILE, FEATURES_FILE, REFERENCE_FILE = "model.txt", "calibration.json", "features.json", "reference.json"
_MOST_REASONS = 3
NO_REASON = "nothing raises the risk above the average"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling of the trees' margin: probability = 1 / (1 + exp(-(slope x margin + intercept)))."""

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that would turn the ranking over or give no probability."""
        if not (math.isfinite(self.slope) and math.isfinite(self.intercept) and self.slope > 0):
            raise ModelError(f"calibration {self} is not usable: the slope must be a positive number; train the model again")


@dataclass(frozen=True, slots=True)
class ChurnModel:
    """A trained model that can say how likely each user is to leave within its horizon, and why.

    `reference` is whom it was trained for; models that were registered before this was kept have none.
    """

    booster_text: str
    calibration: Calibration
    features: tuple[str, ...]
    horizon_days: int
    reference: Reference | None = None

    def predict(self, rows: pd.DataFrame, *, num_threads: int = 1) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Calibrated churn probability of each row, the same on any number of threads; an executor's task has one.

        Raises:
            ModelError: a feature of the model is not in the rows.
        """
        margins = self._booster().predict(self._matrix(rows), raw_score=True, num_threads=num_threads)
        return calibrated(margins, self.calibration)

    def explain(self, rows: pd.DataFrame) -> list[str]:
        """The strongest reasons that raised each row's risk, in words, strongest first.

        Contributions of features that tell of the same topic (absence over 3, 7 and 14 days) are added up: they are additive, and an
        operator needs the topic once.
        """
        matrix = self._matrix(rows)
        topic_of = {feature.name: feature.topic for feature in FEATURES}
        topics = [topic_of.get(name, name) for name in self.features]
        return _reasons(self.features, topics, matrix, contributions(self._booster(), matrix))

    def to_files(self) -> dict[str, bytes]:
        """The model as files, none of which can run code."""
        files = {
            MODEL_FILE: self.booster_text.encode(),
            CALIBRATION_FILE: json.dumps(asdict(self.calibration), indent=2).encode(),
            FEATURES_FILE: json.dumps({"horizon_days": self.horizon_days, "features": self.features}, indent=2).encode(),
        }
        return files if self.reference is None else files | {REFERENCE_FILE: self.reference.to_json()}

    @classmethod
    def from_files(cls, files: dict[str, bytes]) -> ChurnModel:
        """The inverse of to_files.

        Raises:
            ModelError: a file is missing or malformed, or the trees were trained on other features than the list names.
        """
        try:
            described = json.loads(files[FEATURES_FILE])
            model = cls(
                booster_text=files[MODEL_FILE].decode(),
                calibration=Calibration(**json.loads(files[CALIBRATION_FILE])),
                features=tuple(described["features"]),
                horizon_days=int(described["horizon_days"]),
                reference=Reference.from_json(files[REFERENCE_FILE]) if REFERENCE_FILE in files else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"the model's files cannot be read ({error!r}); register it again with retrain_churn") from error
        trained_on = tuple(model._booster().feature_name())
        if trained_on != model.features:
            raise ModelError(
                f"{FEATURES_FILE} names {model.features}, but the trees were trained on {trained_on}; register the model again"
            )
        return model

    def _booster(self) -> Any:
        lgb = load_lightgbm()
        try:
            return lgb.Booster(model_str=self.booster_text)
        except lgb.basic.LightGBMError as error:
            raise ModelError(f"{MODEL_FILE} is not a LightGBM model ({error}); register it again with retrain_churn") from error

    def _matrix(self, rows: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
        missing = [name for name in self.features if name not in rows.columns]
        if missing:
            raise ModelError(f"the model needs {', '.join(missing)}, which the features lack; build features with the same release")
        return rows[list(self.features)].to_numpy(dtype="float64")


def load_lightgbm() -> Any:
    """LightGBM with threads that sleep while they wait for each other; they spin by default, and beside a busy engine stand in its way."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read once, when the library is loaded
    import lightgbm

    return lightgbm


def calibrated(margins: np.ndarray[Any, Any], calibration: Calibration) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Margins as probabilities."""
    import numpy as np

    logits: np.ndarray[Any, np.dtype[np.float64]] = calibration.slope * margins + calibration.intercept
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0))), dtype=np.float64)


def _reasons(features: Sequence[str], topics: Sequence[str], matrix: np.ndarray[Any, Any], contributed: np.ndarray[Any, Any]) -> list[str]:
    """Of each row the topics with the largest positive sums of contributions, in words."""
    import numpy as np

    names = sorted(set(topics))
    by_topic = np.stack([contributed[:, [topic == name for topic in topics]].sum(axis=1) for name in names], axis=1)
    strongest = np.argsort(-by_topic, axis=1, kind="stable")[:, :_MOST_REASONS]  # of equal ones the first by name
    raises = np.take_along_axis(by_topic, strongest, axis=1) > 0
    return [
        "; ".join(_words(names[topic], values) for topic, told in zip(row, is_told, strict=True) if told) or NO_REASON
        for row, is_told, values in zip(strongest.tolist(), raises.tolist(), _by_name(features, matrix), strict=True)
    ]


def _by_name(features: Sequence[str], matrix: np.ndarray[Any, Any]) -> Iterator[dict[str, float]]:
    """Rows of a matrix as values by feature."""
    return (dict(zip(features, values, strict=True)) for values in matrix.tolist())


def _words(topic: str, values: dict[str, float]) -> str:
    """One topic with the value of its telling feature; a value that was never seen is said to be unknown."""
    feature, words = TOPIC_WORDS.get(topic, (topic, topic))
    value = values.get(feature, math.nan)
    return f"{topic} unknown" if math.isnan(value) else words.format(value)
