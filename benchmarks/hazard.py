"""`make hazard`: hold the churn model against the hazard that the simulator planted, and write docs/generated/churn.md from it.

Viewers are simulated day by day into files, and the files go through the product's own way: parse, silver, gold, features, training. The
model is then judged on held-out users beside the rule that it has to beat and the score that knows the truth (`hazard_truth.py`).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from benchmarks.batch_engine import batch_engine
from benchmarks.harness import Report
from benchmarks.hazard_truth import Numbers, knowing_score
from benchmarks.preload import kept_simulation
from benchmarks.processes import ROOT
from benchmarks.results import circumstances
from benchmarks.silver_lake import files_of_days, land_records
from playhead.churn.train import NUM_THREADS, Evaluation, evaluate, train_model
from playhead.events.simulator import SimulationOptions
from playhead.jobs.build import run_build
from playhead.jobs.churn import INPUTS, build_features, read_features, read_slices
from playhead.jobs.run_context import RunContext
from playhead.settings import get_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PAGE = ROOT / "docs" / "generated" / "churn.md"
MODEL, TRUTH, RULE = "model", "score that knows the truth", "rule baseline"
ALL, LATELY = "all held-out users", "those active within the horizon before"
MOST_BEHIND_TRUTH = 0.02
# A build takes about as many days as a nightly one after a week's holiday: what it sorts fits the machine, whatever the history.
_DAYS_A_BUILD = 8


def measure(spark: SparkSession, state_dir: Path, options: SimulationOptions, horizon_days: int, report: Report) -> dict[str, Any]:
    """Everyone's judgement on the same held-out users, and how many there were."""
    began = time.monotonic()
    home = state_dir / f"simulation-{options.users}-users-{options.days}-days"
    report(f"hazard: simulating {options.users:,} viewers on {options.days} days (kept for the next time)")
    records = kept_simulation(home, options)
    with tempfile.TemporaryDirectory(prefix="hazard-", dir=state_dir) as directory:
        lake = str(Path(directory) / "lake")
        events = _build_gold(spark, lake, records, options.producer_id, report)
        judged = _judge(spark, lake, home / "simulator" / "truth.parquet", horizon_days, report)
    kept = {"users": options.users, "days": options.days, "horizon_days": horizon_days, "events": events}
    return kept | judged | {"seconds": round(time.monotonic() - began)} | circumstances()


def _build_gold(spark: SparkSession, lake: str, records: Path, producer_id: str, report: Report) -> int:
    """The days of the simulation land and are built, some at a time, as they would night by night; returns how many records there were."""
    files = files_of_days(records)
    for first in range(0, len(files), _DAYS_A_BUILD):
        some = files[first : first + _DAYS_A_BUILD]
        report(f"hazard: landing and building to day {first + len(some)} of {len(files)}")
        land_records(some, lake, producer_id, first=first)
        run_build(spark, lake, dag_id="build_daily", run_id=f"day-{first + len(some)}", kind="pull", gold_tables=INPUTS)
    found = duckdb.execute("SELECT count(*) FROM read_parquet($files)", {"files": [str(file) for file in files]}).fetchall()
    return int(found[0][0])


def _judge(spark: SparkSession, lake: str, truth: Path, horizon_days: int, report: Report) -> dict[str, Any]:
    report("hazard: features, training, judgement")
    run = RunContext("retrain_churn", "hazard")
    build_features(spark, lake, run, horizon_days=horizon_days)
    slices = read_slices(read_features(spark, lake, run))
    model, held_out = train_model(slices["train"], slices["calibration"], horizon_days), slices["held_out"]
    labels = held_out["churned"].to_numpy(dtype="float64")
    known = duckdb.execute("SELECT user_id, day, activity_probability, hazard FROM read_parquet($file)", {"file": str(truth)}).df()
    said = {
        MODEL: model.predict(held_out, num_threads=NUM_THREADS),
        TRUTH: knowing_score(known, held_out, held_out["cutoff_date"].iloc[0], horizon_days),
        RULE: held_out["rule_score"].to_numpy(dtype="float64"),
    }
    lately = (held_out["days_since_last_active"] < horizon_days).to_numpy()
    chosen = {ALL: lately | True, LATELY: lately}
    groups = {name: _group(labels[kept], {who: figures[kept] for who, figures in said.items()}) for name, kept in chosen.items()}
    return {"trained_on": len(slices["train"]), "groups": groups, **verdict(groups[ALL]["judged"])}


def _group(labels: Numbers, said: Mapping[str, Numbers]) -> dict[str, Any]:
    """Judgements on some of the users."""
    judged = {name: _figures(evaluate(labels, probabilities)) for name, probabilities in said.items()}
    return {"users": len(labels), "churned": int(labels.sum()), "judged": judged}


def _figures(found: Evaluation) -> dict[str, float]:
    figures = {"roc_auc": found.roc_auc, "pr_auc": found.pr_auc, "brier": found.brier, "calibration_error": found.calibration_error}
    return {name: round(figure, 4) for name, figure in figures.items()}


def verdict(judged: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """How far the model is behind the truth and ahead of the rule, in ROC-AUC, and whether that is near and far enough."""
    behind, ahead = (round(judged[name]["roc_auc"] - judged[MODEL]["roc_auc"], 4) for name in (TRUTH, RULE))
    return {"behind_truth": behind, "ahead_of_rule": -ahead, "met": behind <= MOST_BEHIND_TRUTH and -ahead > MOST_BEHIND_TRUTH}


def render(kept: Mapping[str, Any]) -> str:
    """The page."""
    return "\n".join(
        [
            "# The churn model against the truth",
            "",
            "Written by `make hazard` from `churn.json`. Viewers are simulated, with a hazard of leaving that follows from how well their",
            "streams play and how much they care; their events go through parse, silver, gold, features and training like anybody's.",
            "",
            f"{kept['users']:,} viewers on {kept['days']} days, {kept['events']:,} records. A paid user churns who is not active in the",
            f"next {kept['horizon_days']} days. Trained on {kept['trained_on']:,} rows.",
            *(line for name, group in kept["groups"].items() for line in _table(name, group)),
            "",
            "The score that knows the truth has each viewer's latent probability of coming and hazard of leaving, and the law by which",
            "they act. Like the model it sees activity alone, not whether somebody silent has left. What sees no more cannot rank better.",
            "Most of all users are easily told, for who has been silent for weeks has left; the second table is of those about whom",
            "somebody can still do something.",
            "",
            f"Goal: of all held-out users at most {MOST_BEHIND_TRUTH} of ROC-AUC behind it, and more than that ahead of the rule:",
            f"{kept['behind_truth']:.4f} behind, {kept['ahead_of_rule']:.4f} ahead. **{'Met' if kept['met'] else 'Not met'}.**",
            "",
            f"{kept['date']}, {kept['cores']} cores, {kept['seconds']:,} s.",
            "",
        ]
    )


def _table(name: str, group: Mapping[str, Any]) -> list[str]:
    rows = [f"| {who} | " + " | ".join(f"{figure:.4f}" for figure in figures.values()) + " |" for who, figures in group["judged"].items()]
    head = ["| who | ROC-AUC | PR-AUC | Brier | calibration error |", "|-|-:|-:|-:|-:|"]
    return ["", f"## Of {name}", "", f"{group['users']:,} users, of whom {group['churned']:,} churned.", "", *head, *rows]


def main() -> None:
    """Measure, keep what was measured, write the page, and end with one line of JSON; `--page` writes the page alone."""
    parser = argparse.ArgumentParser(prog="benchmarks.hazard", description=__doc__)
    parser.add_argument("--users", type=int, default=20_000, help="viewers")
    parser.add_argument("--days", type=int, default=120, help="days")
    parser.add_argument("--horizon", type=int, default=get_settings().churn_horizon_days, help="days without activity that are churn")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    kept_in = PAGE.with_suffix(".json")
    if not arguments.page:
        options = SimulationOptions(users=arguments.users, days=arguments.days)
        state_dir = get_settings().home / "bench"
        state_dir.mkdir(parents=True, exist_ok=True)
        with batch_engine(state_dir) as spark:
            measured = measure(spark, state_dir, options, arguments.horizon, print)
        kept_in.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    kept = json.loads(kept_in.read_text(encoding="utf-8"))
    PAGE.write_text(render(kept), encoding="utf-8")
    print(json.dumps(kept))


if __name__ == "__main__":
    main()
