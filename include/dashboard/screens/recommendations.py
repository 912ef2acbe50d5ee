"""What to watch next: the newest lists of titles for every viewer, and what made them."""

from __future__ import annotations

from bi import model_questions as questions
from bi.charts import bars
from bi.numbers import count, percent
from bi.page import Number, Page, chart, table
from bi.warehouse import ask

page = Page("Recommendations", "What each viewer may like to watch next, by the newest lists, and why.", "V_RECOMMENDATIONS")
filters = page.filters(questions.RECOMMENDATION_CHOICES)
page.headline(
    questions.RECOMMENDATIONS,
    [
        Number("Viewers with a list", "VIEWERS", count),
        Number("Titles recommended", "TITLES", count, "Titles that are on any list."),
        Number("Places on lists", "PLACES", count, "A list has ten, or fewer where the catalogue leaves no more."),
        Number("Ranked by the model", "BY_MODEL_PCT", percent, "The rest by a baseline that the model did not beat."),
    ],
    filters,
)
chart(
    "Titles on most lists",
    ask(questions.RECOMMENDED_TITLES, filters),
    lambda rows: bars(rows, "TITLE", "LISTS", title="Title", x_title="Lists"),
)
chart(
    "Places on lists by genre",
    ask(questions.RECOMMENDED_GENRES, filters),
    lambda rows: bars(rows, "CONTENT_GENRE", "PLACES", title="Genre", x_title="Places on lists"),
)
table("Lists", ask(questions.RECOMMENDATION_LISTS, filters), "The first 200 places, by viewer and rank.")
