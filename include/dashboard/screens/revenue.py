"""What comes in: MRR and what moved it, subscriptions and ads."""

from __future__ import annotations

import pandas as pd

from bi import questions
from bi.charts import columns
from bi.numbers import count, dollars
from bi.page import Number, Page, chart, table
from bi.warehouse import ask

MOVEMENTS = {
    "NEW_MRR": "New",
    "REACTIVATED_MRR": "Reactivated",
    "EXPANSION_MRR": "Expansion",
    "CONTRACTION_MRR": "Contraction",
    "CHURNED_MRR": "Churned",
    "TRANSFERRED_MRR": "Transferred",
}
SOURCES = {"AD_REVENUE": "Ads", "SUBSCRIPTION_REVENUE": "Subscriptions at list price"}


def by_month(rows: pd.DataFrame) -> pd.DataFrame:
    """Months in their order, named as 2026-01."""
    return rows.assign(EVENT_MONTH=pd.to_datetime(rows["EVENT_MONTH"]).dt.strftime("%Y-%m")).sort_values("EVENT_MONTH")


page = Page(
    "Revenue",
    "USD. Subscriptions count at the list price of their plan. The newest month is still under way.",
    *("V_MRR_ANALYSIS", "V_REVENUE_PER_USER"),
)
filters = page.filters(questions.PLAN_CHOICES)
months = page.headline(
    questions.MRR,
    [
        Number("MRR", "MRR", dollars, "Monthly recurring revenue: subscribers at the list price of their plan."),
        Number("Change this month", "NET_MRR", dollars, "MRR less the MRR that the month opened with: its movements add up to it."),
        Number("Subscribers", "SUBSCRIBERS", count),
        Number("ARPU", "ARPU", dollars, "MRR by subscribers."),
    ],
    filters,
)
chart(
    "What moved MRR",
    months,
    lambda rows: columns(by_month(rows), MOVEMENTS, x="EVENT_MONTH", x_title="Month", y_title="USD"),
    "Over all plans nothing is transferred: it moves with users from one plan to another.",
)
revenue = ask(questions.REVENUE, filters)
chart(
    "Revenue by source",
    revenue.groupby("EVENT_MONTH", as_index=False)[["AD_REVENUE", "SUBSCRIPTION_REVENUE", "USERS"]].sum(),
    lambda rows: columns(by_month(rows), SOURCES, x="EVENT_MONTH", x_title="Month", y_title="USD"),
    "Of viewers who were active in the month.",
)
table("MRR by plan", ask(questions.MRR_BY_PLAN, filters))
table("Revenue per user", revenue)
