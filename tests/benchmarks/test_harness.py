"""The harness without any engine: turns, ratios, verdicts, the line of JSON and RESULTS.md, and that unequal rows are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import run_bench
from benchmarks.harness import Bench, Contestant, Goal, Measurement, Report, UnequalRowsError, alternate, digests_differ, summarise
from benchmarks.results import append_result, circumstances, last_results, render


def _contestant(name: str, figures: Sequence[float], produced: Any = "rows") -> Contestant:
    turns = count()
    return Contestant(name, lambda _directory: Measurement(figures[next(turns)], produced, {"cold_s": 1.5}))


def _bench(contestants: Sequence[Contestant], goal: Goal) -> Bench:
    @contextmanager
    def prepare(_state_dir: Path, _size: int, _report: Report) -> Iterator[Sequence[Contestant]]:
        yield contestants

    def difference(produced: Mapping[str, Any], _size: int) -> str | None:
        return None if len(set(produced.values())) == 1 else f"rows differ: {produced}"

    return Bench("toy", "records/s", goal, 100, prepare, difference)


def _result(goal: Goal, work_dir: Path) -> dict[str, Any]:
    # Medians: ours 120, peer 100.
    contestants = [_contestant("ours", [90, 120, 150]), _contestant("peer", [100, 80, 400])]
    bench = _bench(contestants, goal)
    return summarise(bench, alternate(bench, contestants, runs=3, size=100, work_dir=work_dir), 100)


def test_contestants_take_turns_in_fresh_directories(tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []

    def watched(name: str) -> Contestant:
        def run(directory: Path) -> Measurement:
            seen.append((name, not list(directory.iterdir())))
            (directory / "rows").touch()
            return Measurement(1, "rows")

        return Contestant(name, run)

    contestants = [watched("ours"), watched("peer")]
    alternate(_bench(contestants, Goal("", {})), contestants, runs=2, size=1, work_dir=tmp_path)
    assert seen == [("ours", True), ("peer", True), ("ours", True), ("peer", True)]


def test_ratio_is_ours_over_the_peer_by_medians(tmp_path: Path) -> None:
    result = _result(Goal("", {"peer": 1.2}), tmp_path)
    assert (result["ours"], result["peers"], result["ratio"]) == (120, {"peer": 100}, {"peer": 1.2})
    assert result["met"] is True
    assert [(turn["contestant"], turn["figure"], turn["cold_s"]) for turn in result["runs"][:2]] == [("ours", 90, 1.5), ("peer", 100, 1.5)]


@pytest.mark.parametrize(
    ("goal", "met"),
    [(Goal("", {"peer": 1.21}), False), (Goal("", {"peer": 1.2}, "lower"), True), (Goal("", {"peer": 1.1}, "lower"), False)],
)
def test_goal_is_least_where_more_is_better_and_most_where_less_is(goal: Goal, *, met: bool, tmp_path: Path) -> None:
    assert _result(goal, tmp_path)["met"] is met


def test_a_goal_counts_for_every_peer() -> None:
    goal = Goal("", {"fast": 1.0, "slow": 3.0})
    assert goal.is_met({"fast": 1.0, "slow": 3.0}, {})
    assert not goal.is_met({"fast": 0.99, "slow": 4.0}, {})


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        pytest.param(Goal("", {}, at_most={"cold_s": 1.5, "figure": 120}), True, id="at most"),
        pytest.param(Goal("", {}, at_most={"cold_s": 1.4}), False, id="more than at most"),
        pytest.param(Goal("", {}, at_least={"figure": 120}), True, id="at least"),
        pytest.param(Goal("", {}, at_least={"figure": 121}), False, id="less than at least"),
        pytest.param(Goal("", {"peer": 1.21}, at_most={"cold_s": 1.5}), False, id="within its limit but behind the peer"),
    ],
)
def test_absolute_limits_are_on_medians_of_ours(goal: Goal, *, met: bool, tmp_path: Path) -> None:
    result = _result(goal, tmp_path)
    assert result["met"] is met
    assert result["limited"].keys() == goal.at_least.keys() | goal.at_most.keys()


def test_unequal_rows_are_refused_after_the_first_alternation(tmp_path: Path) -> None:
    contestants = [_contestant("ours", [1, 1]), _contestant("peer", [1, 1], produced="other rows")]
    bench = _bench(contestants, Goal("", {"peer": 1}))
    with pytest.raises(UnequalRowsError, match="toy: rows differ"):
        run_bench(bench, runs=2, size=100, state_dir=tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.name.startswith("2-")] == []


@pytest.mark.parametrize(
    ("peer", "told"),
    [
        pytest.param({"rows": 9, "digest": 7}, "peer holds 9 rows where at least 10", id="too few"),
        pytest.param({"rows": 11, "digest": 7}, "rows differ", id="one more than ours"),
        pytest.param({"rows": 10, "digest": 8}, "rows differ", id="other values"),
        pytest.param({"rows": 10, "digest": 7}, None, id="equal"),
    ],
)
def test_digests_tell_unequal_rows(peer: dict[str, Any], told: str | None) -> None:
    found = digests_differ({"ours": {"rows": 10, "digest": 7}, "peer": peer}, 10)
    assert found is None if told is None else (found or "").startswith(told)


def test_a_result_is_one_line_of_json_and_the_last_line_counts(tmp_path: Path) -> None:
    first = _result(Goal("", {"peer": 1}), tmp_path / "a")
    line = append_result(tmp_path / "results", first)
    assert "\n" not in line
    assert {"bench", "ours", "peers", "ratio", "unit", "goal", "met", "runs", "size"} <= set(json.loads(line))
    append_result(tmp_path / "results", first | {"ours": 7})
    assert [result["ours"] for result in last_results(tmp_path / "results")] == [7]


def test_report_says_what_the_json_says_and_nothing_else(tmp_path: Path) -> None:
    result = _result(Goal("faster than the peer", {"peer": 1.3}), tmp_path) | circumstances()
    text = render([result])
    assert "Goal: faster than the peer. **Not met.**" in text
    assert "| ours | 120 | 90 | 150 |  |  |" in text
    assert "| peer | 100 | 80 | 400 | 1.20 | >= 1.3 |" in text
    for said in (result["date"], f"{result['cores']} cores", "size 100", "3 alternations", f"spark {result['versions']['spark']}"):
        assert said in text
    assert render([json.loads(json.dumps(result))]) == text


def test_report_shows_absolute_limits(tmp_path: Path) -> None:
    text = render([_result(Goal("", {}, at_least={"figure": 100}, at_most={"cold_s": 0.8, "figure": 200}), tmp_path) | circumstances()])
    assert "| figure | 120 | 90 | 150 | >= 100, <= 200 |" in text
    assert "| cold_s | 1.5 | 1.5 | 1.5 | <= 0.8 |" in text


def test_committed_report_is_the_one_of_the_committed_results() -> None:
    here = Path(__file__).parents[2] / "benchmarks"
    results = last_results(here / "results")
    if results:
        assert (here / "RESULTS.md").read_text(encoding="utf-8") == render(results)
