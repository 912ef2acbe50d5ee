"""What is said of an experiment, from rows of gold.experiments_daily; and as the command says it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from playhead.cli import app
from playhead.contracts.model import load_contract
from playhead.errors import SettingsError
from playhead.experiments.verdicts import judge
from playhead.gold.experiments_daily import MIXED as GOLDS_MIXED
from playhead.io.delta_table import append_rows
from playhead.settings import get_settings

TODAY = date(2026, 11, 24)


def group(variant: str, viewers: list[tuple[int, int, int]], experiment: str = "autoplay", day: date = TODAY) -> dict[str, Any]:
    """A row of the table: viewers by minutes watched, plays, and plays that failed; the first half could convert, and every tenth did."""
    minutes, plays, failed = ([row[place] for row in viewers] for place in range(3))
    watched = [60_000 * each for each in minutes]
    row: dict[str, Any] = dict.fromkeys(load_contract("gold.experiments_daily").column_names, 0)
    return row | {
        "event_date": day, "experiment": experiment, "variant": variant, "exposed_viewers_count": len(viewers),
        "convertible_viewers_count": len(viewers) // 2, "converted_viewers_count": len(viewers) // 20,
        "watched_ms": sum(watched), "watched_squares": sum(each**2 for each in watched),
        "plays_count": sum(plays), "plays_squares": sum(each**2 for each in plays),
        "failed_count": sum(failed), "failed_squares": sum(each**2 for each in failed),
        "failed_plays_products": sum(a * b for a, b in zip(failed, plays, strict=True)),
    }  # fmt: skip


CONTROL = group("control", [(10 + number % 5, 20, number % 2) for number in range(200)])
LONGER = group("treatment", [(12 + number % 5, 20, number % 2) for number in range(200)])
BROKEN = group("treatment", [(10 + number % 5, 20, 1 + number % 2) for number in range(200)])


def findings(*rows: dict[str, Any], **options: Any) -> dict[str, Any]:
    (found,) = judge(rows, alpha=0.05, **options)
    return {finding.metric: finding for variant in found.variants for finding in variant.findings}


def test_goals_and_guard_rails() -> None:
    longer, broken = findings(CONTROL, LONGER), findings(CONTROL, BROKEN)

    watch = longer["watch_minutes_per_viewer"]
    assert (watch.control, watch.value, watch.verdict, watch.is_goal) == (12.0, 14.0, "better", True)
    assert watch.lift.lift == pytest.approx(1 / 6)
    assert longer["playback_failure_pct"].verdict == "no difference shown"
    # 1 of 40 against 3 of 40 plays
    failures = broken["playback_failure_pct"]
    assert (failures.control, failures.value) == pytest.approx((2.5, 7.5))
    assert (failures.verdict, failures.is_goal) == ("worse", False)
    assert broken["watch_minutes_per_viewer"].verdict == "no difference shown"
    assert findings(BROKEN | {"variant": "control"}, CONTROL | {"variant": "x"})["playback_failure_pct"].verdict == "better"
    conversion = longer["conversion_pct"]
    assert (conversion.control, conversion.value, conversion.verdict) == (10.0, 10.0, "no difference shown")  # 10 of 100
    assert longer["stalled_time_pct"].verdict == "cannot tell", "nobody stalled"


def test_conversion__is_judged_over_those_who_could() -> None:
    more = LONGER | {"converted_viewers_count": 25}
    conversion = findings(CONTROL, more)["conversion_pct"]

    # 25 of 100 against 10 of 100: 0.15 / sqrt((0.25 x 0.75 + 0.1 x 0.9) / 99) = 2.83
    assert (conversion.value, conversion.verdict) == (25.0, "better")
    assert conversion.lift.p_value == pytest.approx(0.00515, abs=1e-4)


def test_churn__is_a_guard_rail_over_those_who_paid() -> None:
    def leaving(row: dict[str, Any], churned: int) -> dict[str, Any]:
        return row | {"paying_viewers_count": 100, "churned_viewers_count": churned}

    churn = findings(leaving(CONTROL, 10), leaving(LONGER, 25))["churn_pct"]
    assert (churn.control, churn.value, churn.verdict, churn.is_goal) == (10.0, 25.0, "worse", False)
    built_before = [
        {name: value for name, value in row.items() if name not in ("paying_viewers_count", "churned_viewers_count")}
        for row in (CONTROL, LONGER)
    ]
    for rows in (built_before, [row | {"paying_viewers_count": None, "churned_viewers_count": None} for row in built_before]):
        assert (findings(*rows)["churn_pct"].value, findings(*rows)["churn_pct"].verdict) == (None, "cannot tell")


def test_mixed_viewers_are_told_and_in_no_group() -> None:
    mixed = group(GOLDS_MIXED, [(9, 9, 9)] * 7)
    (found,) = judge([CONTROL, LONGER, mixed], alpha=0.05)

    assert found.mixed_viewers == 7
    assert [(variant.name, variant.viewers) for variant in found.variants] == [("control", 200), ("treatment", 200)]
    assert found.split_p_value == pytest.approx(1.0)


def test_split__is_off_where_it_is_no_chance() -> None:
    few = group("treatment", [(10, 20, 0)] * 120)

    (off,) = judge([CONTROL, few], alpha=0.05)
    (drawn,) = judge([CONTROL, few], alpha=0.05, shares={"control": 5, "treatment": 3})
    # 200 and 150: (25^2 + 25^2) / 175 = 7.14, p = 0.0075: unlikely, and not enough to say so
    (unlucky,) = judge([CONTROL, few | {"exposed_viewers_count": 150}], alpha=0.05)

    assert (off.is_split_off, drawn.is_split_off, unlucky.is_split_off) == (True, False, False)
    with pytest.raises(SettingsError, match="variant 'treatment'; give it a share above 0"):
        judge([CONTROL, few], alpha=0.05, shares={"control": 1})


def test_experiments_are_apart_and_one_without_control_is_not_judged() -> None:
    apart = judge([LONGER, group("red", [(1, 1, 0)], "poster"), CONTROL], alpha=0.05)

    assert [(each.name, each.control, [bool(variant.findings) for variant in each.variants]) for each in apart] == [
        ("autoplay", "control", [False, True]),
        ("poster", None, [False]),
    ]
    (poster,) = judge([group("red", [(1, 1, 0), (2, 2, 0)], "poster"), group("blue", [(1, 1, 0)] * 2, "poster")], alpha=0.05, control="red")
    assert [(variant.name, len(variant.findings) > 0) for variant in poster.variants] == [("blue", True), ("red", False)]


@pytest.fixture
def _lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PLAYHEAD_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("_lake")
def test_command__tells_the_newest_day(tmp_path: Path) -> None:
    old = CONTROL | {"event_date": date(2026, 11, 23), "variant": "gone"}
    append_rows(str(tmp_path / "lake"), "gold.experiments_daily", [old, CONTROL, BROKEN, group("red", [(1, 1, 0)], "poster")])

    told = json.loads(CliRunner().invoke(app, ["experiments", "autoplay", "--json"]).stdout)
    shown = CliRunner().invoke(app, ["experiments"]).stdout
    off = CliRunner().invoke(app, ["experiments", "autoplay", "--share", "control=9", "--share", "treatment=1"]).stdout

    assert [(each["name"], each["as_of"], [v["name"] for v in each["variants"]]) for each in told] == [
        ("autoplay", "2026-11-24", ["control", "treatment"])
    ]
    by_metric = {finding["metric"]: finding for finding in told[0]["variants"][1]["findings"]}
    assert by_metric["playback_failure_pct"]["lift"]["lift"] == pytest.approx(2.0)
    assert "autoplay: treatment against control, 30 days to 2026-11-24" in shown
    lines = shown.splitlines()
    place = next(place for place, line in enumerate(lines) if "playback failure" in line)
    first, second = ([cell.strip() for cell in line.strip("│").split("│")] for line in lines[place : place + 2])
    assert (first[:4], first[5]) == (["playback failure pct", "2.50", "7.50", "+200.0%"], "worse")
    assert second[3].count("%") == 2
    assert "control 200, treatment 200" in shown
    assert "poster has no control" in shown
    assert "The split is off" in off
    assert "The split is off" not in shown


@pytest.mark.usefixtures("_lake")
def test_command__a_terminal_of_80_columns_shows_every_character(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long names and wide numbers are folded, never cut."""
    monkeypatch.setenv("COLUMNS", "80")
    slow = {"startup_ms": 123_456_789 * 100, "startup_ms_count": 100, "startup_squares": 10**30, "startup_count_squares": 200}
    name = "a_variant_with_a_very_long_name_indeed"
    append_rows(str(tmp_path / "lake"), "gold.experiments_daily", [CONTROL | slow, BROKEN | slow | {"variant": name}])

    shown = CliRunner().invoke(app, ["experiments"]).stdout

    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    cells = [[cell.strip() for cell in line[1:-1].split("│")] for line in shown.splitlines() if line.startswith("│")]
    assert {len(row) for row in cells} == {6}
    columns = ["".join(row[place] for row in cells) for place in range(6)]
    for told in ("watchminutesperviewer", "conversionpct", "playbackfailurepct", "stalledtimepct", "startupmeanms", "churnpct"):
        assert told in columns[0].replace(" ", "")
    assert "123,456,789" in columns[1]
    assert "nodifferenceshown" in columns[5].replace(" ", "")


@pytest.mark.usefixtures("_lake")
def test_command__looking_again_and_again_wants_more(tmp_path: Path) -> None:
    """The lift that one look is certain of is not enough for who looks every day."""
    append_rows(str(tmp_path / "lake"), "gold.experiments_daily", [CONTROL, LONGER | {"converted_viewers_count": 22}])

    once, again = (
        json.loads(CliRunner().invoke(app, ["experiments", "--json", *more]).stdout)[0]["variants"][1]["findings"]
        for more in ([], ["--sequential", "400"])
    )
    assert [(each["metric"], each["verdict"]) for each in once][:2] == [
        ("watch_minutes_per_viewer", "better"),
        ("conversion_pct", "better"),
    ]
    assert [each["verdict"] for each in again][:2] == ["better", "no difference shown"]
    assert again[0]["lift"]["lift"] == once[0]["lift"]["lift"]
    assert again[0]["lift"]["p_value"] > once[0]["lift"]["p_value"]
    assert again[0]["lift"]["low"] < once[0]["lift"]["low"] < once[0]["lift"]["high"] < again[0]["lift"]["high"]


@pytest.mark.usefixtures("_lake")
def test_command__without_experiments_and_with_a_share_that_is_none() -> None:
    assert "No experiment has been told" in CliRunner().invoke(app, ["experiments"]).stdout
    wrong = CliRunner().invoke(app, ["experiments", "--share", "control"])
    assert isinstance(wrong.exception, SettingsError)
    assert "write it as control=9" in str(wrong.exception)
