"""The quality of a partition as a number, from what the gate found of it: docs/quality.md defines it. Nothing here reads or writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from playhead.quality.contract_rules import rule_dimension

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playhead.contracts.shapes import Contract, Dimension
    from playhead.quality.profile import PartitionProfile

_MISSING = "books:missing"
_TIMELY = "timely"


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of sound rows by dimension, 0 to 100, and the lowest of them; timeliness is None where rows do not tell."""

    completeness_score: float
    validity_score: float
    uniqueness_score: float
    timeliness_score: float | None
    consistency_score: float
    total_score: float


def score_partition(contract: Contract, profile: PartitionProfile, differing: Mapping[str, int]) -> Score:
    """Score a partition by its profile and by what the books found: how many events differ, by code.

    A missing event is one more row that should be there, and incomplete. A row can break rules of several dimensions, and counts in each.
    """
    unsound: Counter[str] = Counter(profile.broken_rows)
    for code, count in differing.items():
        unsound[rule_dimension(contract, code)] += count
    expected = profile.rows_count + differing.get(_MISSING, 0)
    shares: dict[Dimension, float] = {
        "completeness": _sound_share(expected, unsound["completeness"]),
        "validity": _sound_share(expected, unsound["validity"]),
        "uniqueness": _sound_share(expected, unsound["uniqueness"]),
        "consistency": _sound_share(expected, unsound["consistency"]),
    }
    if profile.timely_count is not None:
        shares[rule_dimension(contract, _TIMELY)] = _sound_share(profile.rows_count, profile.rows_count - profile.timely_count)
    return Score(
        completeness_score=shares["completeness"],
        validity_score=shares["validity"],
        uniqueness_score=shares["uniqueness"],
        timeliness_score=shares.get("timeliness"),
        consistency_score=shares["consistency"],
        total_score=min(shares.values()),
    )


def scored_row(
    contract: Contract, profile: PartitionProfile, differing: Mapping[str, int], *, is_refused: bool, docs_page: str | None
) -> dict[str, Any]:
    """What ops.quality_scores keeps of a judged partition, less what the run and earlier weeks say; all of it are JSON values."""
    return {
        "partition_key": profile.key,
        "rows_count": profile.rows_count,
        "content_hash": profile.content_hash,
        "is_refused": is_refused,
        **asdict(score_partition(contract, profile, differing)),
        "broken_rules": profile.broken | dict(differing),
        "watched_means": profile.means,
        "contract_version": contract.version,
        "docs_page": docs_page,
    }


def _sound_share(rows: int, unsound: int) -> float:
    """Of no rows, all are sound."""
    return 100.0 if rows == 0 else 100.0 * max(rows - unsound, 0) / rows
