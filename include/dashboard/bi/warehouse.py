"""The warehouse as Streamlit reaches it: `st.connection("snowflake")`, in Snowflake the app's own, elsewhere as its secrets say."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import streamlit as st

from bi.question import NONE, Filters, Question

if TYPE_CHECKING:
    import pandas as pd

# Loads come by the hour: so long an answer may be old, and so long nobody asks again.
KEPT_S = 60
_KEPT_ANSWERS = 500
# Snowflake: the object does not exist, or may not be seen by this role. The connector: nobody answered at the address.
_NO_SUCH_OBJECT, _NOT_REACHED = 2003, 250001


class SilentError(Exception):
    """The warehouse does not answer."""


class RefusedError(Exception):
    """The warehouse answers, and cannot do what was asked: its views are not those that this app knows."""


class NothingLoadedError(Exception):
    """The warehouse has no such view: no load has made one yet, or this role may not read it."""


def ask(question: Question, filters: Filters = NONE) -> pd.DataFrame:
    """The rows that answer a question, not older than KEPT_S.

    Raises:
        SilentError: the warehouse cannot be reached, or fails.
        RefusedError: its views are others.
        NothingLoadedError: it has no such view.
    """
    sql, values = question.statement(filters)
    return _answer(sql, values)


@st.cache_data(ttl=KEPT_S, max_entries=_KEPT_ANSWERS, show_spinner=False)
def _answer(sql: str, values: tuple[str | int, ...]) -> pd.DataFrame:
    from snowflake.connector.errors import Error, ProgrammingError

    try:
        return _rows(sql, values)
    except Error as error:
        if error.errno == _NO_SUCH_OBJECT:
            raise NothingLoadedError from error
        if error.errno == _NOT_REACHED:
            raise SilentError from error
    # A session ends when it was idle for hours, or with the warehouse's server: once more, with a new one.
    try:
        st.connection("snowflake").reset()
        return _rows(sql, values)
    except ProgrammingError as error:
        raise RefusedError from error
    except Error as error:
        raise SilentError from error


def _rows(sql: str, values: tuple[str | int, ...]) -> pd.DataFrame:
    with _one_at_a_time():
        cursor = st.connection("snowflake").cursor()
        cursor.execute(sql, list(values) or None)
        frame: pd.DataFrame = cursor.fetch_pandas_all()
    return frame.apply(_plain)


@st.cache_resource(show_spinner=False)
def _one_at_a_time() -> threading.Lock:
    """All readers share one session, and the stand-in of the warehouse answers one statement of a session at a time."""
    return threading.Lock()


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    """Decimals as floats: charts know no others."""
    if column.dtype == object and column.map(lambda value: isinstance(value, Decimal)).any():
        return column.astype(float)
    return column
