"""What is said of an experiment: whether its viewers are split as they should be, what each variant changed, and what it must not harm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from typing import Any

from playhead.errors import SettingsError
from playhead.experiments.lift import Lift, Sums, compare, split_p_value

CONTROL = "control"
MIXED = "(mixed)"
# A split that is less likely than this is broken, not unlucky: nobody looks at it once only, and then the other numbers mean nothing.
SPLIT_ALPHA = 0.001


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by the columns of gold.experiments_daily that are its sums; `scale` turns the ratio into what `name` says."""

    name: str
    is_goal: bool
    is_more_better: bool
    scale: float
    viewers: str
    top: str
    bottom: str
    top_squares: str
    bottom_squares: str
    products: str

    def sums(self, row: Mapping[str, Any]) -> Sums:
        """Its sums in a row of the table."""
        columns = (self.viewers, self.top, self.bottom, self.top_squares, self.bottom_squares, self.products)
        # A day that was built before the table had the column tells nothing of it.
        return Sums(*(int(row.get(column) or 0) for column in columns))


_EXPOSED, _CONVERTIBLE, _CONVERTED = "exposed_viewers_count", "convertible_viewers_count", "converted_viewers_count"
_PAYING, _CHURNED = "paying_viewers_count", "churned_viewers_count"
METRICS = (
    # A viewer's denominator is the viewer, 1: squared and summed still the viewers; and yes or no squared is itself.
    Metric("watch_minutes_per_viewer", True, True, 1 / 60_000, _EXPOSED, "watched_ms", _EXPOSED, "watched_squares", _EXPOSED, "watched_ms"),
    Metric("conversion_pct", True, True, 100, _CONVERTIBLE, _CONVERTED, _CONVERTIBLE, _CONVERTED, _CONVERTIBLE, _CONVERTED),
    Metric("churn_pct", False, False, 100, _PAYING, _CHURNED, _PAYING, _CHURNED, _PAYING, _CHURNED),
    Metric(
        "playback_failure_pct", False, False, 100,
        _EXPOSED, "failed_count", "plays_count", "failed_squares", "plays_squares", "failed_plays_products",
    ),
    Metric(
        "stalled_time_pct", False, False, 100,
        _EXPOSED, "stall_ms", "watched_ms", "stall_squares", "watched_squares", "stall_watched_products",
    ),
    Metric(
        "startup_mean_ms", False, False, 1,
        _EXPOSED, "startup_ms", "startup_ms_count", "startup_squares", "startup_count_squares", "startup_count_products",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """A metric of a variant against the control."""

    metric: str
    is_goal: bool
    control: float | None
    value: float | None
    lift: Lift
    verdict: str


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant, and what it changed; the control has no findings."""

    name: str
    viewers: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Experiment:
    """All that is said of an experiment."""

    name: str
    as_of: str
    control: str | None
    mixed_viewers: int
    split_p_value: float | None
    is_split_off: bool
    variants: tuple[Variant, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def judge(
    rows: Iterable[Mapping[str, Any]],
    *,
    alpha: float,
    control: str = CONTROL,
    shares: Mapping[str, float] | None = None,
    planned_viewers: int | None = None,
) -> list[Experiment]:
    """Verdicts of all experiments of one day of gold.experiments_daily.

    Args:
        rows: its rows.
        alpha: how often a variant that changes nothing may be said to change a metric.
        control: the variant that the others are held against. An experiment without it is told, and not judged.
        shares: how viewers are drawn, by variant; equally where left out.
        planned_viewers: where an experiment is looked at again and again, how many viewers a variant and the control are meant to reach.

    Raises:
        SettingsError: shares were given that leave out a variant, or are not above 0.
    """
    by_name = groupby(sorted(rows, key=lambda row: (row["experiment"], row["variant"])), key=lambda row: str(row["experiment"]))
    held_against = partial(compare, alpha=alpha, planned_viewers=planned_viewers)
    return [_experiment(name, list(told), partial(_findings, held_against, alpha), control, shares) for name, told in by_name]


def _experiment(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    findings: Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[Finding, ...]],
    control: str,
    shares: Mapping[str, float] | None,
) -> Experiment:
    groups = {str(row["variant"]): row for row in rows if row["variant"] != MIXED}
    mixed = sum(int(row[_EXPOSED]) for row in rows if row["variant"] == MIXED)
    viewers = {variant: int(row[_EXPOSED]) for variant, row in groups.items()}
    wanted = dict.fromkeys(groups, 1.0) if shares is None else shares
    unfit = [variant for variant in groups if not wanted.get(variant, 0) > 0]
    if unfit:
        raise SettingsError(f"experiment {name} has the variant {unfit[0]!r}; give it a share above 0, as --share {unfit[0]}=1")
    chance = split_p_value(viewers, wanted)
    base = groups.get(control)
    variants = (
        Variant(variant, viewers[variant], () if base is None or variant == control else findings(base, row))
        for variant, row in groups.items()
    )
    is_off = chance is not None and chance < SPLIT_ALPHA
    return Experiment(
        name, str(rows[0]["event_date"]), None if base is None else control, mixed, chance, is_off, tuple(variants)
    )  # fmt: skip


def _findings(
    held_against: Callable[[Sums, Sums], Lift], alpha: float, base: Mapping[str, Any], row: Mapping[str, Any]
) -> tuple[Finding, ...]:
    findings = []
    for metric in METRICS:
        before, after = metric.sums(base), metric.sums(row)
        lift = held_against(before, after)
        verdict = _verdict(metric, lift, alpha)
        findings.append(Finding(metric.name, metric.is_goal, _scaled(metric, before), _scaled(metric, after), lift, verdict))
    return tuple(findings)


def _scaled(metric: Metric, sums: Sums) -> float | None:
    return None if sums.ratio is None else sums.ratio * metric.scale


def _verdict(metric: Metric, lift: Lift, alpha: float) -> str:
    if lift.p_value is None or lift.lift is None:
        return "cannot tell"
    if lift.p_value >= alpha:
        return "no difference shown"
    return "better" if (lift.lift > 0) == metric.is_more_better else "worse"
