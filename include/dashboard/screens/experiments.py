"""What each variant of an experiment did."""

from __future__ import annotations

from functools import partial

import streamlit as st

from bi import questions
from bi.charts import bars
from bi.numbers import count, minutes, percent
from bi.page import Number, Page, chart, table
from bi.question import NONE, Filters
from bi.warehouse import ask

page = Page(
    "Experiments",
    "What each variant did in the 30 days that end with the newest. Whether a difference can be chance, `playhead experiments` tells.",
    "V_EXPERIMENTS",
)
experiment = st.selectbox("Experiment", list(ask(questions.EXPERIMENT_CHOICES)["EXPERIMENT"]))
filters = Filters(chosen={"EXPERIMENT": (experiment,)}) if experiment else NONE
page.headline(
    questions.EXPERIMENT,
    [
        Number("Viewers", "VIEWERS", count, "Who was told a variant in 30 days."),
        Number("Variants", "VARIANTS", count),
        Number("Told several variants", "MIXED_VIEWERS", count, "Viewers who are in no variant: the row (mixed)."),
        Number("Conversion of control", "CONTROL_CONVERSION_PCT", percent, "Came to a paid plan, of those who were on the free one."),
        Number("Watched per viewer of control", "CONTROL_WATCH_MINUTES", minutes, "In 30 days."),
    ],
    filters,
)
variants = ask(questions.VARIANTS, filters)
for title, column, unit in (
    ("Conversion", "CONVERSION_PCT", "Came to a paid plan (%)"),
    ("Watch time", "WATCH_MINUTES_PER_VIEWER", "Minutes by viewer"),
    ("Churn", "CHURN_PCT", "Left for the free plan (%)"),
):
    chart(
        f"{title} by variant",
        variants[["VARIANT", "VIEWERS", column]],
        partial(bars, category="VARIANT", value=column, title="Variant", x_title=unit),
    )
table("Variants", variants, "Lift is against the variant control; empty where there is none.")
