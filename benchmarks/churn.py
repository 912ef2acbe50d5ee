"""The churn model of as many paid users as the size says: features from five weeks of gold, training, and a score for everyone.

The figure is seconds of training: of ours with the calibration, and with the evaluation of challenger and rule on the held-out users; of
the peer lightgbm.train alone. Both start from the same rows in memory, at most 200,000 of them. `total_s` is the whole run of ours, its
three steps as Airflow's tasks take them: reading, registering and publishing included. The engine is warm but for the first alternation.

ours: the jobs of retrain_churn on a Spark Connect server. bare_lightgbm: the same trees, by the same parameters and rounds; what both say
of the held-out users before calibration must be equal to the last bit.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.batch_engine import batch_engine
from benchmarks.churn_users import TABLES, churn_lake
from benchmarks.gold_lake import borrowed_lake
from benchmarks.harness import OURS, Bench, Contestant, Goal, Measurement, Report
from benchmarks.peers.bare_lightgbm import HELD_OUT, TRAIN, margin_digest
from benchmarks.processes import run_process
from playhead.churn.model import load_lightgbm
from playhead.churn.registry import ChurnRegistry
from playhead.churn.train import NUM_THREADS, evaluate, train_model
from playhead.jobs.churn import build_features, read_features, read_slices, score, train_and_promote
from playhead.jobs.run_context import RunContext

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import SparkSession

    from playhead.churn.model import ChurnModel

HORIZON_DAYS = 7  # the demo's: five weeks are too short for two of 14
_RUN = RunContext("retrain_churn", "bench")


@contextmanager
def prepare(state_dir: Path, size: int, report: Report) -> Iterator[Sequence[Contestant]]:
    """Gold of `size` users, a warm batch engine, and the rows that both learn from."""
    report(f"churn: making five weeks of {size:,} users (kept for the next time)")
    lake = churn_lake(state_dir, size)
    with batch_engine(state_dir) as spark, tempfile.TemporaryDirectory(prefix="features-", dir=state_dir) as directory:
        report("churn: building the features that the peer learns from")
        _features_for_peer(spark, lake, Path(directory))
        yield [Contestant(OURS, partial(_retrain, spark, lake)), Contestant("bare_lightgbm", partial(_train_bare, Path(directory)))]


def _features_for_peer(spark: SparkSession, kept: Path, directory: Path) -> None:
    slices = _build(spark, str(borrowed_lake(kept, directory, _inputs())))
    for name, file in (("train", TRAIN), ("held_out", HELD_OUT)):
        slices[name].attrs.clear()  # what Spark Connect tells there of the query has no place in Parquet
        slices[name].to_parquet(directory / file)


def _build(spark: SparkSession, lake: str) -> dict[str, pd.DataFrame]:
    build_features(spark, lake, _RUN, horizon_days=HORIZON_DAYS)
    return read_slices(read_features(spark, lake, _RUN))


def _inputs() -> list[str]:
    return [table.replace(".", "/") for table in TABLES]


def _retrain(spark: SparkSession, kept: Path, directory: Path) -> Measurement:
    lake, registry = str(borrowed_lake(kept, directory, _inputs())), ChurnRegistry(directory / "mlflow")
    took: dict[str, float] = {}
    _timed(took, "features_s", lambda: build_features(spark, lake, _RUN, horizon_days=HORIZON_DAYS))
    trained = _timed(took, "train_and_promote_s", lambda: train_and_promote(spark, lake, _RUN, registry=registry))
    slices = read_slices(read_features(spark, lake, _RUN))
    scored = _timed(took, "score_s", lambda: score(spark, lake, _RUN, registry=registry))
    details = took | {"total_s": sum(took.values())}
    began = time.monotonic()
    model = _train_and_judge(slices)
    seconds = time.monotonic() - began
    produced = {
        "scored": scored["users"] if trained["promoted"] else f"no model: {trained['reason']}",
        "margins": margin_digest(load_lightgbm().Booster(model_str=model.booster_text), slices["held_out"]),
    }
    return Measurement(seconds, produced, {name: round(figure, 2) for name, figure in details.items()})


def _train_and_judge(slices: Mapping[str, pd.DataFrame]) -> ChurnModel:
    """What train_and_promote does between reading its rows and registering the model."""
    model, held_out = train_model(slices["train"], slices["calibration"], HORIZON_DAYS), slices["held_out"]
    for probabilities in (model.predict(held_out, num_threads=NUM_THREADS), held_out["rule_score"].to_numpy(dtype="float64")):
        evaluate(held_out["churned"].to_numpy(dtype="float64"), probabilities)
    return model


def _timed(took: dict[str, float], name: str, step: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    began = time.monotonic()
    summary = step()
    took[name] = time.monotonic() - began
    return summary


def _train_bare(rows: Path, directory: Path) -> Measurement:
    told = json.loads(run_process(["-m", "benchmarks.peers.bare_lightgbm", "--rows", str(rows)], directory).output)
    return Measurement(told["seconds"], {"margins": told["margins"]})


def difference(produced: Mapping[str, Mapping[str, Any]], size: int) -> str | None:
    """What is wrong: users without a score of the model's, or trees that say something else."""
    scored = produced[OURS]["scored"]
    if scored != size:
        return f"ours scored {scored} where {size} users were to be scored by the model"
    return None if len({found["margins"] for found in produced.values()}) == 1 else f"predictions before calibration differ: {produced}"


BENCH = Bench(
    name="churn",
    unit="s of training",
    goal=Goal(
        "features, training and scoring of 200,000 users in at most 30 s; training at most 1.15 times as long as bare_lightgbm",
        {"bare_lightgbm": 1.15},
        "lower",
        at_most={"total_s": 30},
    ),
    size=200_000,
    prepare=prepare,
    difference=difference,
)
