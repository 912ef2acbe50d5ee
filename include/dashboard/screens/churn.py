"""Who may leave: paid users by the model's newest scores."""

from __future__ import annotations

from bi import model_questions as questions
from bi.charts import bars, steps
from bi.numbers import count, percent
from bi.page import Number, Page, chart, table
from bi.warehouse import ask

CATEGORIES = ("High", "Medium", "Low", "Healthy")

page = Page("Churn", "Paid users by the newest scores of the churn model: how likely each is to stay away.", "V_CHURN_RISK")
filters = page.filters(questions.CHURN_CHOICES)
page.headline(
    questions.CHURN,
    [
        Number("Paid users scored", "USERS", count),
        Number("High risk", "HIGH_RISK_USERS", count, "Users of the category High."),
        Number("Share at high risk", "HIGH_RISK_PCT", percent),
        Number("Expected to leave", "EXPECTED_CHURN", count, "The sum of their probabilities."),
        Number("Within days", "HORIZON_DAYS", count, "Churn: no activity for so many days."),
    ],
    filters,
)
chart(
    "Users by plan and risk",
    ask(questions.CHURN_BY_PLAN, filters),
    lambda rows: bars(
        rows, "SUBSCRIPTION_TIER", "USERS", title="Plan", x_title="Users", by="CHURN_RISK_CATEGORY", by_title="Risk", names=CATEGORIES
    ),
)
chart(
    "Users by probability",
    ask(questions.CHURN_BY_SCORE, filters),
    lambda rows: steps(rows, "SCORE_FROM_PCT", "USERS", x_title="Probability of churn, from (%)", y_title="Users"),
    "Steps of 5 %.",
)
table(
    "Users most at risk", ask(questions.CHURN_USERS, filters), "The 200 with the highest probability, and the reasons that raised it most."
)
