"""What is watched: titles, types and genres, and where plays end."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bi import questions
from bi.charts import bars, lines_by, steps
from bi.numbers import count, dollars, hours
from bi.page import Number, Page, chart, table
from bi.question import Filters
from bi.warehouse import ask

REACHED = {"STARTED": 0, "REACHED_10": 10, "REACHED_25": 25, "REACHED_50": 50, "REACHED_75": 75, "REACHED_90": 90, "REACHED_100": 100}


def reach(counts: pd.DataFrame) -> pd.DataFrame:
    """How many plays came how far, of those that showed a frame."""
    if counts.empty:
        return pd.DataFrame()
    row = counts.iloc[0]
    shares = [100 * row[column] / row["STARTED"] for column in REACHED]
    return pd.DataFrame({"POSITION_PCT": list(REACHED.values()), "PLAYS": [row[column] for column in REACHED], "REACHED_PCT": shares})


page = Page(
    "Content",
    "What was watched in the 30 days that end with the newest.",
    *("V_TOP_CONTENT", "V_CONTENT_TRENDS", "V_CONTENT_DROPOFF"),
)
filters = page.filters(questions.CONTENT_CHOICES, days=True)
page.headline(
    questions.CONTENT,
    [
        Number("Plays", "PLAYS", count, "Of 30 days."),
        Number("Titles", "TITLES", count, "With a play, an interaction or an ad in 30 days."),
        Number("Watch time", "WATCH_HOURS", hours, "Of 30 days."),
        Number("Likes", "LIKES", count, "Of 30 days."),
        Number("Ad revenue", "REVENUE", dollars, "USD, of 30 days."),
    ],
    filters,
)
chart(
    "Plays by day",
    ask(questions.CONTENT_DAYS, filters),
    lambda rows: lines_by(rows, "CONTENT_TYPE", "PLAYS", x="EVENT_DATE", x_title="Day", y_title="Plays"),
)
titles = ask(questions.TITLES, filters)
chart(
    "Most played titles",
    titles,
    lambda rows: bars(rows.head(15), "TITLE", "PLAYS", title="Title", x_title="Plays in 30 days"),
    "The 15 titles with most plays; the table below has 100.",
)
names = dict(zip(titles["CONTENT_ID"], titles["TITLE"], strict=True))
title = st.selectbox("Title", list(names), index=None, format_func=names.__getitem__, placeholder="All titles")
one = Filters(chosen={"CONTENT_ID": (title,)}) if title else filters
chart(
    "How far plays come",
    reach(ask(questions.DROPOFF, one)),
    lambda rows: steps(rows, "POSITION_PCT", "REACHED_PCT", x_title="Position in the title (%)", y_title="Plays that came so far (%)"),
    "Of the plays that showed a frame, by seeking too.",
)
table("Titles", titles)
