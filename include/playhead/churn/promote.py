"""Champion or challenger: the one decision on which model scores."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contest:
    """Held-out PR-AUC of everyone in the contest, on the same users; champion is None when no model is in service yet."""

    challenger: float
    baseline: float
    champion: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the challenger takes over, and why."""

    is_promoted: bool
    reason: str


def decide(contest: Contest) -> Verdict:
    """The challenger takes over only if it is strictly better than the rule baseline and than the champion, if there is one.

    A tie leaves the champion in service, so training again on the same data changes nothing; a figure that is not a number never wins.
    """
    told = f"challenger {contest.challenger:.4f}, rule baseline {contest.baseline:.4f}"
    if not contest.challenger > contest.baseline:
        return Verdict(False, f"does not beat the rule baseline on held-out PR-AUC ({told})")
    if contest.champion is None:
        return Verdict(True, f"first model in service: beats the rule baseline on held-out PR-AUC ({told})")
    told = f"{told}, champion {contest.champion:.4f}"
    if not contest.challenger > contest.champion:
        return Verdict(False, f"does not beat the champion on held-out PR-AUC ({told})")
    return Verdict(True, f"beats the champion and the rule baseline on held-out PR-AUC ({told})")
