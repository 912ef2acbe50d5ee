"""A question becomes one statement: its values bound, its columns its own, its rows limited."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify

from bi import model_questions, questions
from bi.question import MOST_ROWS, Filters, Question
from playhead.warehouse.schema import view_names, view_statement

APP = Path(__file__).parents[3] / "include" / "dashboard"
ALL = {name: value for module in (questions, model_questions) for name, value in vars(module).items() if isinstance(value, Question)}
NAMES = [name.removeprefix("BI.") for name in view_names()]
VIEWS = {name: sqlglot.parse_one(view_statement(name.lower()), read="snowflake") for name in NAMES}
SCHEMA = {"BI": {name: dict.fromkeys(created.expression.named_selects, "TEXT") for name, created in VIEWS.items()}}
# A value for each filter there is, so that every condition is in the statement.
CHOSEN = Filters(days=30, chosen={column: ("a", "b") for question in ALL.values() for column in question.filters})
PLAYS = Question("V_TOP_CONTENT", "CONTENT_ID", filters=("CONTENT_TYPE", "CONTENT_GENRE"), order_by="VIEW_RANK", limit=5)


def columns_known(sql: str) -> exp.Expression:
    """The statement, when the views have every column that it names."""
    return qualify(sqlglot.parse_one(sql, read="snowflake"), schema=SCHEMA, dialect="snowflake")


def test_statement__values_are_bound_and_never_written_into_it() -> None:
    hostile = "'; DROP TABLE GOLD.USER_DAILY --"
    sql, values = PLAYS.statement(Filters(chosen={"CONTENT_TYPE": (hostile, "movie")}))
    assert sql == (
        "SELECT CONTENT_ID FROM BI.V_TOP_CONTENT AS V WHERE COALESCE(V.CONTENT_TYPE, 'unknown') IN (?, ?) ORDER BY VIEW_RANK LIMIT 5"
    )
    assert values == (hostile, "movie")


def test_statement__a_column_that_the_question_does_not_list_never_reaches_it() -> None:
    sql, values = PLAYS.statement(Filters(chosen={"1=1; --": ("a",), "CONTENT_ID": ("b",), "CONTENT_GENRE": ()}))
    assert (sql, values) == ("SELECT CONTENT_ID FROM BI.V_TOP_CONTENT AS V ORDER BY VIEW_RANK LIMIT 5", ())


def test_statement__days_are_whole_ones() -> None:
    by_day = dataclasses.replace(PLAYS, by_day=True)
    sql, values = by_day.statement(Filters(days=7))
    assert "WHERE V.EVENT_DATE < V.AS_OF AND DATEDIFF(DAY, V.EVENT_DATE, V.AS_OF) <= ?" in sql
    assert values == (7,)
    assert by_day.statement()[1] == ()
    assert "WHERE V.EVENT_DATE < V.AS_OF ORDER" in by_day.statement()[0]


@pytest.mark.parametrize("name", ALL)
def test_question__reads_one_bi_view_with_columns_that_it_has_and_a_limit(name: str) -> None:
    sql, values = ALL[name].statement(CHOSEN)
    statement = columns_known(sql)
    assert [f"{table.db}.{table.name}" for table in statement.find_all(exp.Table)] == [f"BI.{ALL[name].view}"]
    assert ALL[name].view in VIEWS
    assert sql.count("?") == len(values) > 0 or not ALL[name].filters
    assert 1 <= int(statement.args["limit"].expression.name) <= MOST_ROWS


def test_question__a_column_that_the_view_lacks_is_found() -> None:
    """Negative control."""
    with pytest.raises(OptimizeError):
        columns_known(dataclasses.replace(PLAYS, columns="NOWHERE").statement()[0])


def test_every_view_is_asked() -> None:
    assert {question.view for question in ALL.values()} == set(VIEWS)


@pytest.mark.parametrize("view", sorted(set(VIEWS) - {"V_FRESHNESS"}))
def test_facts__are_those_that_the_view_reads(view: str) -> None:
    read = {f"gold.{table.name.lower()}" for table in VIEWS[view].find_all(exp.Table) if table.db == "GOLD"}
    assert set(questions.FACTS[view]) == read


@pytest.mark.parametrize("path", sorted((APP / "screens").glob("*.py")), ids=lambda path: path.stem)
def test_page__asks_only_what_is_written_there_and_names_every_view_that_it_asks(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    asked = {ALL[name].view for name in re.findall(r"questions\.([A-Z_]+)", text)}
    named = {view for view in VIEWS if f'"{view}"' in text}
    assert asked - {"V_FRESHNESS"} == named
    assert not [word for word in ("SELECT ", "cursor(", "st.connection", "execute(") if word in text]


def test_no_directory_of_the_app_is_called_pages() -> None:
    """Streamlit makes a navigation of its own from one, for who comes first and by the address of a page: narrow, with other words."""
    assert not (APP / "pages").exists()
    assert len(list((APP / "screens").glob("*.py"))) == (APP / "streamlit_app.py").read_text(encoding="utf-8").count("st.Page(")
