"""`playhead experiments`: what each variant changed, how certain that is, and whether its viewers were split as they should be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from playhead.cli_output import answers, json_option, print_json
from playhead.cli_start import settings
from playhead.errors import SettingsError

if TYPE_CHECKING:
    from playhead.experiments.lift import Lift
    from playhead.experiments.verdicts import Experiment, Finding, Variant

_SHAPE = "an array with an object for each experiment: its viewers, its split, and each variant's findings with lift, interval and p-value"
_WIDEST = 10
_NEWEST = "SELECT * FROM log WHERE event_date = (SELECT max(event_date) FROM log) AND ($experiment IS NULL OR experiment = $experiment)"


def experiments(
    experiment: Annotated[str | None, typer.Argument(help="Only this experiment; all when left out.")] = None,
    control: Annotated[str, typer.Option(help="The variant that the others are held against.")] = "control",
    share: Annotated[
        list[str] | None, typer.Option(help="How viewers are drawn, as control=9, for each variant; equally when left out.")
    ] = None,
    alpha: Annotated[
        float, typer.Option(min=0.0001, max=0.5, help="How often a variant that changes nothing may be told to change a metric.")
    ] = 0.05,
    sequential: Annotated[
        int | None,
        typer.Option(
            min=2, help="You look again and again, until this many viewers of a variant and the control have come: p-values that allow it."
        ),
    ] = None,
    as_json: Annotated[bool, json_option(_SHAPE)] = False,
) -> None:
    """Show what each variant of each experiment changed.

    Over the newest 30 days, with intervals and p-values, and whether the split is as drawn (docs/experiments.md).

    Examples:
      playhead experiments
      playhead experiments autoplay --share control=9 --share treatment=1
      playhead experiments autoplay --sequential 20000
    """
    from playhead.experiments.verdicts import judge
    from playhead.io.delta_table import query_log

    rows = query_log(settings().lake, "gold.experiments_daily", _NEWEST, {"experiment": experiment})
    found = judge(rows, alpha=alpha, control=control, shares=_shares(share) if share else None, planned_viewers=sequential)
    if as_json:
        print_json([each.to_dict() for each in found])
        return
    if not found:
        answers.print("No experiment has been told; events name theirs in ab_test_variant, as autoplay:control.", highlight=False)
    for each in found:
        _show(each, alpha)


def _shares(told: Sequence[str]) -> dict[str, float]:
    """`control=9` by variant."""
    shares: dict[str, float] = {}
    for each in told:
        variant, _, value = each.rpartition("=")
        try:
            shares[variant] = float(value)
        except ValueError:
            raise SettingsError(f"--share {each} is not a variant and its share; write it as control=9") from None
    return shares


def _show(experiment: Experiment, alpha: float) -> None:
    for variant in experiment.variants:
        if variant.findings:
            answers.print(_table(experiment, variant, alpha))
    groups = ", ".join(f"{variant.name} {variant.viewers:,}" for variant in experiment.variants)
    answers.print(f"Viewers: {groups}; {experiment.mixed_viewers:,} were told several variants and are in none.", highlight=False)
    if experiment.control is None:
        answers.print(f"{experiment.name} has no control to be held against: name one with --control.", highlight=False)
    if experiment.is_split_off:
        answers.print(
            f"[bold red]The split is off[/] (p = {experiment.split_p_value:.2g}): viewers did not come to the variants as they were drawn, "
            "so the numbers above compare different people. Find out why first.",
            highlight=False,
        )


def _table(experiment: Experiment, variant: Variant, alpha: float) -> Table:
    """One variant against the control: narrow enough for a terminal of 80 columns, whatever the numbers."""
    title = f"{experiment.name}: {variant.name} against {experiment.control}, 30 days to {experiment.as_of}"
    table = Table(title=title, title_justify="left")
    table.add_column("metric", overflow="fold")
    for name in (experiment.control or "", variant.name):
        table.add_column(name, justify="right", overflow="fold", max_width=_WIDEST)
    for name in (f"lift, {100 * (1 - alpha):g} % interval", "p"):
        table.add_column(name, justify="right", overflow="fold")
    table.add_column("verdict", overflow="fold")
    for finding in variant.findings:
        table.add_row(finding.metric.replace("_", " "), *_numbers(finding), _verdict(finding))
    return table


def _numbers(finding: Finding) -> tuple[str, ...]:
    p_value = finding.lift.p_value
    return (_short(finding.control), _short(finding.value), _lift(finding.lift), "-" if p_value is None else f"{p_value:.3f}")


def _short(value: float | None) -> str:
    """Two decimals, as long as they tell something."""
    return "-" if value is None else f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.2f}"


def _lift(lift: Lift) -> str:
    """The lift, and on the next line between what it may lie."""
    told = "-" if lift.lift is None else f"{lift.lift:+.1%}"
    return told if lift.low is None or lift.high is None else f"{told}\n{lift.low:+.1%} to {lift.high:+.1%}"


def _verdict(finding: Finding) -> str:
    """A guard rail that is worse is what nobody wanted."""
    return f"[bold red]{finding.verdict}[/]" if finding.verdict == "worse" and not finding.is_goal else finding.verdict
