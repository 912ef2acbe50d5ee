"""Yesterday against the same weekday a week before, and the days that led there."""

from __future__ import annotations

from bi import questions
from bi.charts import lines
from bi.numbers import count, dollars, hours
from bi.page import Number, Page, chart, table
from bi.warehouse import ask

page = Page("Executive", "Yesterday against the same weekday a week before, in UTC days.", "V_EXECUTIVE_KPIS", "V_DAILY_ACTIVE_USERS")
page.headline(
    questions.KPIS,
    [
        Number("Daily active users", "DAILY_ACTIVE_USERS", count, "Viewers with any event yesterday.", "DAILY_ACTIVE_USERS_GROWTH_PCT"),
        Number("Watch time", "WATCH_HOURS", hours, "Watched time of all plays that began yesterday.", "WATCH_TIME_GROWTH_PCT"),
        Number("Ad revenue", "REVENUE", dollars, "USD, of ads shown yesterday.", "REVENUE_GROWTH_PCT"),
    ],
)
days = ask(questions.DAYS, page.filters(days=True))
chart(
    "Daily active users",
    days,
    lambda rows: lines(rows, {"DAILY_ACTIVE_USERS": "Daily active users"}, x="EVENT_DATE", x_title="Day", y_title="Users"),
)
chart(
    "Watch time",
    days[["EVENT_DATE", "WATCH_HOURS"]],
    lambda rows: lines(rows, {"WATCH_HOURS": "Watched"}, x="EVENT_DATE", x_title="Day", y_title="Hours"),
)
chart(
    "Ad revenue",
    days[["EVENT_DATE", "REVENUE"]],
    lambda rows: lines(rows, {"REVENUE": "Ad revenue"}, x="EVENT_DATE", x_title="Day", y_title="USD"),
)
table("Days", days, "Whole days, the newest first; the trend is against the same weekday a week before.")
table("How far each table goes", ask(questions.FRESHNESS), "The newest hour or day of each fact, and when the one after it is due.")
