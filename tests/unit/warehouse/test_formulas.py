"""Formulas and sources of the columns of BI views, as the views' own SQL says."""

from __future__ import annotations

from functools import cache

import pytest

from playhead.contracts.model import load_contract, table_names
from playhead.warehouse.formulas import Formula, formulas, tables_read
from playhead.warehouse.schema import sql_names


@cache
def columns(view: str) -> dict[str, Formula]:
    return {each.column: each for each in formulas(view)}


@pytest.mark.parametrize(
    ("view", "column", "expression"),
    [
        # through one step and through two, without the casts that keep sums exact
        ("v_content_trends", "COMPLETION_RATE_PCT", "100 * sum(completed_count) / nullif(sum(plays_count), 0)"),
        ("v_top_content", "ENGAGEMENT_PER_VIEW", "sum(interactions_count) / nullif(sum(plays_count), 0)"),
        # brackets stay where they are needed
        ("v_platform_quality", "EBVS_PCT", "100 * sum(exits_before_start_count) / nullif(sum(plays_count), 0)"),
        ("v_platform_quality", "REBUFFERING_PCT", "100 * sum(stall_ms) / nullif(sum(played_ms) + sum(stall_ms), 0)"),
        # a sum of sums is the sum
        ("v_revenue_per_user", "AD_REVENUE", "sum(ad_revenue)"),
        # the same table a week before keeps its name
        ("v_executive_kpis", "WATCH_TIME_GROWTH_PCT", "100 * (watched_ms - week_before.watched_ms) / nullif(week_before.watched_ms, 0)"),
        # two counts of rows are told apart by what they are called
        ("v_user_cohorts", "RETENTION_RATE_PCT", "100 * coalesce(active_users, 0) / cohort_size"),
        ("v_user_cohorts", "COHORT_SIZE", "count(*)"),
        # what would be longer than can be read stays as the view's step calls it
        ("v_platform_quality", "STARTUP_P95_ESTIMATE_MS", "p95_ms"),
        ("v_root_causes", "METRIC_VALUE", "unit * upper_sum / lower_sum"),
    ],
)
def test_formula__is_that_of_the_view_down_to_columns_of_tables(view: str, column: str, expression: str) -> None:
    assert columns(view)[column].expression == expression


def test_sources__are_followed_through_all_steps() -> None:
    assert columns("v_top_content")["UNIQUE_VIEWERS_30D"].sources == ("gold.user_content_daily.viewer_id",)
    # both halves of a UNION ALL, and a price list
    plans = "gold.subscriptions_daily"
    assert columns("v_mrr_analysis")["CHURNED_MRR"].sources == ("dim.dim_plan.monthly_price", f"{plans}.movement", f"{plans}.users_count")


def test_sources__of_a_count_of_rows_are_the_tables() -> None:
    assert columns("v_user_cohorts")["COHORT_SIZE"].sources == ("gold.user_daily",)


@pytest.mark.parametrize("view", sql_names("views"))
def test_sources__are_columns_of_tables_that_the_view_reads(view: str) -> None:
    told = [source.split(".") for each in formulas(view) for source in each.sources]
    assert {".".join(source[:2]) for source in told} <= set(tables_read(view))
    of_contracts = [(f"{layer}.{table}", *column) for layer, table, *column in told if f"{layer}.{table}" in table_names()]
    assert of_contracts
    assert [source for source in of_contracts if not set(source[1:]) <= set(load_contract(source[0]).column_names)] == []
