"""What every page is built from: its head, its filters, its headline, its charts and tables, and what it says when there is nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from bi.freshness import told_as_of, told_late
from bi.numbers import Form, signed_percent
from bi.question import NONE, UNKNOWN, Filters, Question
from bi.questions import FACTS, FRESHNESS
from bi.tables import as_csv, column_forms, words
from bi.warehouse import NothingLoadedError, RefusedError, SilentError, ask

if TYPE_CHECKING:
    import altair as alt

DAY_CHOICES = (7, 30, 90)
# As many numbers stand beside each other without being cut; more of them stand in rows.
_ROW, _SHORT_ROW = 5, 3
NOTHING_LOADED = "Nothing is loaded yet. This page fills itself with the next load: the DAG `load_warehouse`, or `playhead load`."
NO_ROWS = "No rows for these filters. Take some of them away."
REFUSED = "The warehouse refused what this page asks: its views are of another version. The next load renews them: `playhead load`."
SILENT = "The warehouse does not answer. Start it with `playhead up`, or look at its log with `playhead logs warehouse`; then reload."
NO_NUMBERS = "There are no numbers for this."


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a headline.

    Attributes:
        label: what it is.
        column: where it stands in the row.
        form: how it is written.
        meaning: its definition, shown beside it on demand.
        growth: the column that tells by how much it grew, in percent.
    """

    label: str
    column: str
    form: Form
    meaning: str = ""
    growth: str = ""


@contextmanager
def telling_states() -> Iterator[None]:
    """Where a page cannot be filled, say why in its place."""
    try:
        yield
    except NothingLoadedError:
        st.info(NOTHING_LOADED)
    except RefusedError:
        st.error(REFUSED)
    except SilentError:
        st.error(SILENT)


class Page:
    """A page under way, from its head on.

    Args:
        title: its name.
        about: one sentence on what it tells.
        views: the views that it reads; what they are made from must not be late.
    """

    def __init__(self, title: str, about: str, *views: str) -> None:
        st.title(title)
        st.markdown(about)
        self._banner = st.empty()
        self._as_of = st.empty()
        self._facts = tuple(sorted({fact for view in views for fact in FACTS[view]}))

    def filters(self, choices: Question | None = None, *, days: bool = False) -> Filters:
        """The reader's choice, of the values that there are; nothing chosen is everything."""
        offered = ask(choices) if choices is not None else pd.DataFrame()
        places = st.columns(max(1, len(offered.columns) + days))
        chosen_days = None
        if days:
            chosen_days = places[0].selectbox("Days", DAY_CHOICES, index=1, format_func=lambda count: f"Newest {count} days")
        chosen = {}
        for place, column in zip(places[days:], offered.columns, strict=True):
            values = sorted(offered[column].fillna(UNKNOWN).astype(str).unique())
            chosen[column] = tuple(place.multiselect(words(column), values, placeholder="All"))
        return Filters(chosen_days, chosen)

    def headline(self, question: Question, numbers: Sequence[Number], filters: Filters = NONE) -> pd.DataFrame:
        """The numbers of a question's first row, and how far they go. Without a row the page says so, and ends."""
        rows = ask(question, filters)
        if rows.empty:
            self._tell_late()
            st.info(NO_ROWS if any(filters.chosen.values()) else NOTHING_LOADED)
            st.stop()
        row = rows.iloc[0]
        self._as_of.markdown(told_as_of(row["AS_OF"]))
        wide = _ROW if len(numbers) <= _ROW else _SHORT_ROW
        places = [place for _ in range(0, len(numbers), wide) for place in st.columns(wide if len(numbers) > wide else len(numbers))]
        for place, number in zip(places, numbers, strict=True):
            grown = None if not number.growth or pd.isna(row[number.growth]) else signed_percent(row[number.growth])
            told = number.form(row[number.column])
            place.metric(number.label, told, delta=grown, help=number.meaning or None, border=True)
        self._tell_late()
        return rows

    def _tell_late(self) -> None:
        late = told_late(ask(FRESHNESS, Filters(chosen={"TABLE_NAME": self._facts})).to_dict("records"))
        if late:
            self._banner.warning(late)


def chart(title: str, rows: pd.DataFrame, draw: Callable[[pd.DataFrame], alt.Chart | alt.LayerChart], about: str = "") -> None:
    """A chart of rows with its export, or a word where there are none."""
    if _has_rows(title, rows, about):
        st.altair_chart(draw(rows))
        _export(title, rows)


def table(title: str, rows: pd.DataFrame, about: str = "") -> None:
    """Rows as they are, with their export."""
    if _has_rows(title, rows, about):
        st.dataframe(rows, column_config=column_forms(rows), hide_index=True)
        _export(title, rows)


def _has_rows(title: str, rows: pd.DataFrame, about: str) -> bool:
    st.subheader(title, help=about or None)
    if rows.empty:
        st.info(NO_NUMBERS)
    return not rows.empty


def _export(title: str, rows: pd.DataFrame) -> None:
    name = title.lower().replace(" ", "-")
    told = f"{title}: {len(rows)} rows"
    st.download_button("Save as CSV", as_csv(rows), f"playhead-{name}.csv", "text/csv", key=f"csv-{name}", help=told, type="tertiary")
