"""Who watches: by day, by country, by kind of viewer and of device."""

from __future__ import annotations

from bi import questions
from bi.charts import bars, cells, lines
from bi.numbers import count, minutes, percent
from bi.page import Number, Page, chart, table
from bi.warehouse import ask

ACTIVE = {"DAILY_ACTIVE_USERS": "1 day", "WEEKLY_ACTIVE_USERS": "7 days", "MONTHLY_ACTIVE_USERS": "30 days"}

page = Page(
    "Audience",
    "Who watches. The headline is the newest whole day.",
    *("V_DAILY_ACTIVE_USERS", "V_GEOGRAPHIC_ANALYTICS", "V_USER_SEGMENTS", "V_USER_COHORTS", "V_DEVICE_ANALYTICS"),
)
filters = page.filters(questions.COUNTRY_CHOICES, days=True)
days = page.headline(
    questions.DAYS,
    [
        Number(
            "Daily active users", "DAILY_ACTIVE_USERS", count, "Against the same weekday a week before.", "DAILY_ACTIVE_USERS_TREND_PCT"
        ),
        Number("Weekly active users", "WEEKLY_ACTIVE_USERS", count, "Viewers with any event in 7 days, each counted once."),
        Number("Monthly active users", "MONTHLY_ACTIVE_USERS", count, "Viewers with any event in 30 days, each counted once."),
        Number("Stickiness", "STICKINESS_PCT", percent, "Daily active users of monthly active users."),
        Number("Watched per user", "WATCH_MINUTES_PER_USER", minutes, "Watched time of the day by its active users."),
    ],
    filters,
)
chart("Active users", days, lambda rows: lines(rows, ACTIVE, x="EVENT_DATE", x_title="Day", y_title="Users active within"))
countries = ask(questions.COUNTRIES, filters)
chart(
    "Users by country",
    countries,
    lambda rows: bars(rows.head(15), "COUNTRY", "USERS", title="Country", x_title="Users in 30 days"),
    "The 15 countries with most users; the table below has all. Who was in two countries is a user of each.",
)
chart(
    "Users by segment",
    ask(questions.SEGMENTS, filters),
    lambda rows: bars(rows, "SEGMENT", "USERS", title="Segment", x_title="Users"),
    "By what active days of the newest 30 were like. Inactive: seen before, not in these 30 days.",
)
cohorts = ask(questions.COHORTS)
chart(
    "Retention by month of sign-up",
    cohorts.assign(COHORT_MONTH=cohorts["COHORT_MONTH"].map(lambda month: f"{month:%Y-%m}")),
    lambda rows: cells(
        rows,
        x="MONTHS_SINCE_SIGNUP",
        y="COHORT_MONTH",
        value="RETENTION_RATE_PCT",
        x_title="Months since sign-up",
        y_title="Signed up in",
        title="Still active (%)",
    ),
    "Of those who signed up in a month and were active in it. The month under way may still grow; the country filter does not apply.",
)
table("Countries", countries)
table("Regions", ask(questions.REGIONS, filters), "The 250 regions with most users in 30 days. Who was in two regions is a user of each.")
table("Devices", ask(questions.DEVICES), "30 days by platform and kind of device; the country filter does not apply.")
