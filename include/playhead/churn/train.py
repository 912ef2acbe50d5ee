"""Training and judging the churn model: LightGBM, split by time, calibrated on users that it never saw."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from playhead.churn.feature_list import FEATURE_NAMES, FEATURES
from playhead.churn.model import Calibration, ChurnModel, load_lightgbm
from playhead.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# Of training and judging; how many they are changes no result.
NUM_THREADS = 2
# Small trees, strong regularisation: a few thousand correlated user-days are little data. Seeded and single-ordered: a rerun on the
# same rows gives the same trees to the byte.
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 30,
    "lambda_l2": 5.0,
    "feature_fraction": 0.8,
    "seed": 20_260_101,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": NUM_THREADS,
    "verbosity": -1,
    "monotone_constraints": [feature.direction for feature in FEATURES],
}
ROUNDS = 120
# Fewer of either class than this in a slice tell nothing about the other slices.
LEAST_PER_CLASS = 10
_BINS = 10
_ORDER = ("cutoff_date", "user_id")


@dataclass(frozen=True, slots=True)
class Bin:
    """One tenth of the users, by predicted probability: a calibrated model predicts what is observed."""

    rows: int
    predicted: float
    observed: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good probabilities are on one set of users."""

    rows: int
    churned: int
    pr_auc: float
    roc_auc: float
    brier: float
    bins: tuple[Bin, ...]

    @property
    def calibration_error(self) -> float:
        """Mean distance between predicted and observed over the bins, weighted by users."""
        return sum(b.rows * abs(b.predicted - b.observed) for b in self.bins) / self.rows

    def metrics(self, prefix: str) -> dict[str, float]:
        """As flat numbers for the tracking server."""
        flat = {name: float(value) for name, value in asdict(self).items() if name != "bins"}
        return {f"{prefix}_{name}": value for name, value in {**flat, "calibration_error": self.calibration_error}.items()}


def check_learnable(slices: dict[str, pd.DataFrame]) -> None:
    """Refuse slices in which one of the two outcomes hardly occurs.

    Raises:
        ModelError: naming the slice and its counts.
    """
    for name, rows in slices.items():
        churned = int(rows["churned"].sum()) if len(rows) else 0
        if min(churned, len(rows) - churned) < LEAST_PER_CLASS:
            raise ModelError(
                f"slice {name} has {len(rows)} paid users of whom {churned} churned; at least {LEAST_PER_CLASS} of each outcome are "
                "needed: wait for more days, or choose another PLAYHEAD_CHURN_HORIZON_DAYS"
            )


def train_model(train: pd.DataFrame, calibration: pd.DataFrame, horizon_days: int) -> ChurnModel:
    """Learn from `train`, then fit the calibration on `calibration`: other users, whom the trees never saw.

    The order of the rows does not matter: they are put in order of user and cut-off first.

    Args:
        train: feature rows with the label `churned`.
        calibration: the same of other users, at cut-offs no later.
        horizon_days: H of the label.
    """
    lgb = load_lightgbm()
    ordered = train if is_ordered(train) else train.sort_values(list(_ORDER), kind="stable")
    data = lgb.Dataset(
        ordered[list(FEATURE_NAMES)].to_numpy(dtype="float64"),
        label=ordered["churned"].to_numpy(dtype="float64"),
        feature_name=list(FEATURE_NAMES),
        free_raw_data=True,
    )
    booster = lgb.train(PARAMETERS, data, num_boost_round=ROUNDS)
    margins = booster.predict(calibration[list(FEATURE_NAMES)].to_numpy(dtype="float64"), raw_score=True, num_threads=NUM_THREADS)
    fitted = fit_calibration(margins, calibration["churned"].to_numpy(dtype="float64"))
    return ChurnModel(booster_text=booster.model_to_string(), calibration=fitted, features=FEATURE_NAMES, horizon_days=horizon_days)


def is_ordered(rows: pd.DataFrame) -> bool:
    """Whether rows lie in order of cut-off and user, as slices come; sorting those again takes ten times as long as this look."""
    cutoffs, users = (rows[name].to_numpy() for name in _ORDER)
    begins = cutoffs[1:] > cutoffs[:-1]
    return bool((begins | ((cutoffs[1:] == cutoffs[:-1]) & (users[1:] >= users[:-1]))).all())


def fit_calibration(margins: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> Calibration:
    """Platt's two numbers for margins of users the trees never saw; they keep the ranking.

    Raises:
        ModelError: the margins rank these users the wrong way round, so there is nothing to calibrate.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    # A sum that cores share is rounded in another order, so the numbers would hang on how many there are; it also takes longer.
    with threadpool_limits(1, user_api="blas"):
        fit = LogisticRegression(C=1e6, tol=1e-10, max_iter=1000).fit(margins.reshape(-1, 1), labels)
    return Calibration(slope=float(fit.coef_[0][0]), intercept=float(fit.intercept_[0]))


def evaluate(labels: np.ndarray[Any, Any], probabilities: np.ndarray[Any, Any]) -> Evaluation:
    """PR-AUC, ROC-AUC, Brier score and reliability of probabilities."""
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    return Evaluation(
        rows=len(labels),
        churned=int(labels.sum()),
        pr_auc=float(average_precision_score(labels, probabilities)),
        roc_auc=float(roc_auc_score(labels, probabilities)),
        brier=float(brier_score_loss(labels, probabilities)),
        bins=_reliability(labels, probabilities),
    )


def _reliability(labels: np.ndarray[Any, Any], probabilities: np.ndarray[Any, Any]) -> tuple[Bin, ...]:
    """Tenths of the users by predicted probability."""
    import numpy as np

    order = np.argsort(probabilities, kind="stable")
    return tuple(
        Bin(rows=len(part), predicted=float(probabilities[part].mean()), observed=float(labels[part].mean()))
        for part in np.array_split(order, _BINS)
        if len(part)
    )
