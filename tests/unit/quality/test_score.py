"""The score of a partition: a worked example (it is the one of docs/quality.md), and what each dimension stands for."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from playhead.contracts.model import field_dictionary, load_contract, rule_dimensions
from playhead.contracts.shapes import Condition, Dimension
from playhead.quality.contract_rules import rule_codes, rule_dimension, timely
from playhead.quality.profile import PartitionProfile, empty_profile
from playhead.quality.score import Score, score_partition, scored_row
from playhead.quality.suites import gated_tables

EVENTS, DAILY = load_contract("silver.video_events"), load_contract("gold.user_daily")


def test_score__worked_example() -> None:
    """200 rows are staged, and bronze holds 50 events more."""
    profile = PartitionProfile(
        "2026-01-31T05",
        rows_count=200,
        content_hash="hash",
        broken={"required:content_id": 4, "required:platform": 3, "range:startup_ms": 10, "unique:key": 2},
        # two rows lack both values
        broken_rows={"completeness": 5, "validity": 10, "uniqueness": 2},
        timely_count=190,
    )

    score = score_partition(EVENTS, profile, {"books:missing": 50, "books:altered": 1})

    assert score == Score(
        completeness_score=78.0,  # (200 + 50) - 5 - 50 = 195 of 250
        validity_score=96.0,  # 250 - 10 = 240 of 250
        uniqueness_score=99.2,  # 250 - 2 = 248 of 250
        timeliness_score=95.0,  # 190 of the 200 that are there
        consistency_score=99.6,  # 250 - 1 = 249 of 250
        total_score=78.0,  # the lowest
    )


def test_score__a_sound_partition_is_100_and_what_rows_do_not_tell_is_absent() -> None:
    assert score_partition(DAILY, PartitionProfile("2026-01-31", 7, "hash"), {}) == Score(100, 100, 100, None, 100, 100)


def test_score__of_no_rows_nothing_is_wrong_but_what_is_missing() -> None:
    assert score_partition(EVENTS, empty_profile("2026-01-31T05"), {}).total_score == 100
    assert score_partition(EVENTS, empty_profile("2026-01-31T05"), {"books:missing": 3}) == Score(0, 100, 100, None, 100, 0)


def test_score__rows_that_are_wrong_more_than_once_do_not_go_below_nothing() -> None:
    """The books and the contract may find the same row."""
    profile = PartitionProfile("2026-01-31T05", 1, "hash", broken_rows={"consistency": 1})
    assert score_partition(EVENTS, profile, {"books:altered": 1}).consistency_score == 0


def test_scored_row__holds_what_contract_and_gate_decide() -> None:
    """Run, moment and comparison are the job's."""
    row = scored_row(DAILY, PartitionProfile("2026-01-31", 7, "hash"), {}, is_refused=False, docs_page=None)
    others = {"run_id", "dag_id", "table_name", "judged_at", "compared_weeks_count", "anomalies"}
    assert row.keys() | others == set(load_contract("ops.quality_scores").column_names)
    assert not row.keys() & others


@pytest.mark.parametrize("table", gated_tables())
def test_every_rule_of_a_gated_table_tells_of_one_dimension(table: str) -> None:
    contract = load_contract(table)
    told = {code: rule_dimension(contract, code) for code in rule_codes(contract)}
    assert set(told.values()) <= set(get_args(Dimension))
    by_kind = {"required": "completeness", "range": "validity", "enum": "validity", "length": "validity", "pattern": "validity"}
    expected = by_kind | {"consistent": "consistency", "unique": "uniqueness"}
    assert told == {code: expected[code.partition(":")[0]] for code in told}


def test_a_condition_tells_of_the_dimension_that_its_contract_says() -> None:
    contract = replace(DAILY, conditions=(Condition("sums", "true", "", "validity"), Condition("order", "true", "", "consistency")))
    assert [rule_dimension(contract, f"condition:{name}") for name in ("sums", "order")] == ["validity", "consistency"]


def test_every_finding_of_the_books_tells_of_a_dimension_of_its_own() -> None:
    told = {code: rule_dimension(EVENTS, f"books:{code}") for code in ("missing", "repeated", "unexpected", "altered")}
    assert told == {"missing": "completeness", "repeated": "uniqueness", "unexpected": "consistency", "altered": "consistency"}
    assert set(rule_dimensions().values()) == set(get_args(Dimension))


def test_timely__is_by_the_freshness_that_the_contract_promises() -> None:
    assert timely(EVENTS) == f"`received_at` <= `event_timestamp` + INTERVAL {EVENTS.freshness_minutes} MINUTES"
    assert [table for table in gated_tables() if timely(load_contract(table))] == [
        "silver.ad_events",
        "silver.interactions",
        "silver.session_events",
        "silver.video_events",
    ]


@pytest.mark.parametrize("table", gated_tables())
def test_watched_columns_are_whole_numbers_of_the_table(table: str) -> None:
    """Sums of whole numbers do not depend on the order of rows, so neither do their means."""
    contract = load_contract(table)
    assert set(contract.watched) <= set(contract.column_names)
    assert {field_dictionary()[name].type for name in contract.watched} <= {"bigint", "boolean"}
