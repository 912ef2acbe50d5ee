"""The model card: what a model is, how it was judged and where it must not be trusted, written from the run itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from playhead.churn.categories import CATEGORY_THRESHOLDS, HEALTHY
from playhead.churn.feature_list import FEATURES

if TYPE_CHECKING:
    from playhead.churn.cutoffs import CutoffPlan
    from playhead.churn.promote import Verdict
    from playhead.churn.train import Evaluation

CARD_FILE = "model_card.md"
_DIRECTIONS = {1: "may only raise the risk", -1: "may only lower the risk", 0: "learnt"}


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All that a training run found out."""

    run_id: str
    plan: CutoffPlan
    slice_rows: dict[str, int]
    challenger: Evaluation
    baseline: Evaluation
    champion: Evaluation | None
    champion_version: str | None
    verdict: Verdict


def write_card(record: RunRecord) -> str:
    """The card as Markdown."""
    plan = record.plan
    judged = {"challenger (this model)": record.challenger, "rule baseline": record.baseline}
    if record.champion is not None:
        judged[f"champion ({record.champion_version})"] = record.champion
    lines = [
        "# Churn model",
        "",
        f"Predicts whether a paid user shows no activity in the next {plan.horizon_days} days. Gradient-boosted trees (LightGBM), margins",
        "calibrated by Platt scaling on users that the trees never saw.",
        "",
        f"* Run: `{record.run_id}`",
        f"* Decision: {'promoted' if record.verdict.is_promoted else 'not promoted'}; {record.verdict.reason}",
        f"* Training cut-offs: {', '.join(map(str, plan.training))}; held-out cut-off: {plan.held_out}; data to {plan.score}",
        f"* Rows: {', '.join(f'{name} {count}' for name, count in sorted(record.slice_rows.items()))}",
        "",
        "## Held-out users",
        "",
        "| who | users | churned | PR-AUC | ROC-AUC | Brier | calibration error |",
        "|-|-|-|-|-|-|-|",
        *(_row(name, evaluation) for name, evaluation in judged.items()),
        "",
        "## Reliability (tenths of the held-out users by predicted probability)",
        "",
        "| users | predicted | observed |",
        "|-|-|-|",
        *(f"| {b.rows} | {b.predicted:.3f} | {b.observed:.3f} |" for b in record.challenger.bins),
        "",
        "## Categories",
        "",
        ", ".join(f"{name} from {least:g}" for least, name in CATEGORY_THRESHOLDS) + f", else {HEALTHY}.",
        "",
        "## Features",
        "",
        "| feature | direction |",
        "|-|-|",
        *(f"| {feature.name} | {_DIRECTIONS[feature.direction]} |" for feature in FEATURES),
        "",
        "## Limits",
        "",
        "* Anonymous viewers are not scored; users whose plan was never told count as not paid.",
        "* Held-out users may also occur in training at earlier cut-offs: the split is by time, as in use.",
        "* The label is silence, not a cancelled contract; an outage of the players looks like churn.",
        "",
    ]
    return "\n".join(lines)


def _row(name: str, found: Evaluation) -> str:
    figures = (found.pr_auc, found.roc_auc, found.brier, found.calibration_error)
    return f"| {name} | {found.rows} | {found.churned} | " + " | ".join(f"{figure:.4f}" for figure in figures) + " |"
