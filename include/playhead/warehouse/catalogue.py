"""The catalogue of business metrics: what each column of each BI view means, who defines it so, how it is reckoned, and from what.

Meanings come from the contracts (contracts/bi), formulas and sources from the views' SQL. docs/metrics.md and `playhead metrics` show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from playhead.contracts.model import contracts
from playhead.contracts.shapes import Column, View
from playhead.errors import ContractError, SettingsError
from playhead.warehouse.formulas import formulas, tables_read

_OURS = ("ours",)
_HEAD = """# Metrics

Written by `make contracts` from the contracts (`include/playhead/contracts/bi`) and the views' SQL
(`include/playhead/warehouse/sql/common/views`); do not edit. `playhead metrics V_TOP_CONTENT` shows one view; what Prometheus reads is on
[another page](prometheus.md). A name means one thing in all views.

A formula is the view's own, with its steps put in down to the columns of tables as far as that can be read, and without casts; a name in it
that is no column of a table is one of a step of the view. Which days a view sums up is told above its columns.

Who defines a metric: {publications}, or we do (ours).
"""
_COLUMNS = "\n| column | meaning | by | formula | from |\n|-|-|-|-|-|\n"
_ABSENT = """
## What the events do not carry

What analysts who come from other products look for, and no [event](tables.md#events) tells. A producer that sends such a field today finds
it kept in `extras` of `bronze.events`.

"""
_NOT_BUILT = """
## What is not built

The events tell enough for these, and no view has them.

"""


@dataclass(frozen=True, slots=True)
class Metric:
    """One column of a BI view.

    Attributes:
        view: the view, as `BI.V_TOP_CONTENT`.
        column: its name, in capitals.
        meaning: what it is, in words.
        defined_by: the publications whose definition it follows; `ours` where it is ours.
        formula: how it is reckoned.
        sources: the columns of tables it is reckoned from.
    """

    view: str
    column: str
    meaning: str
    defined_by: tuple[str, ...]
    formula: str
    sources: tuple[str, ...]


def metrics_of(view: str) -> list[Metric]:
    """The columns of a view, given as `v_top_content`, in order.

    Raises:
        ContractError: nobody says what a column means.
    """
    described = [(formula, _described(formula.column, view)) for formula in formulas(view)]
    return [
        Metric(f"BI.{view.upper()}", formula.column, column.description, column.defined_by or _OURS, formula.expression, formula.sources)
        for formula, column in described
    ]


def chosen_views(name: str | None) -> list[View]:
    """The view of a name, with or without the schema, in any case; all views without one.

    Raises:
        SettingsError: there is no such view.
    """
    views = contracts().views
    if name is None:
        return list(views.values())
    found = views.get(name.lower().removeprefix("bi."))
    if found is None:
        raise SettingsError(f"no view is called {name}; there are {', '.join(view.upper() for view in views)}")
    return [found]


def absent() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """What analysts look for in vain: `not_carried` by events, each with the `field` that would tell it; `not_built`, with `made_from`."""
    text = files("playhead.warehouse").joinpath("absent.yaml").read_text(encoding="utf-8")
    read: Mapping[str, Sequence[Mapping[str, Any]]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return read


def render_catalogue() -> str:
    """docs/metrics.md."""
    views = chosen_views(None)
    publications = ", ".join(f"[{name}]({url})" for name, url in contracts().publications.items())
    overview = "\n| view | one row | from |\n|-|-|-|\n" + "".join(
        f"| [`{view.name.upper()}`](#{view.name}) | {view.grain.removeprefix('one row per ')} | {_codes(tables_read(view.name))} |\n"
        for view in views
    )
    missing = absent()
    return "".join(
        [
            _HEAD.format(publications=publications),
            overview,
            *(_section(view) for view in views),
            _ABSENT,
            *(f"- {each['what']}.\n" for each in missing["not_carried"]),
            _NOT_BUILT,
            *(f"- {each['what']} (from {_codes(each['made_from'])}).\n" for each in missing["not_built"]),
        ]
    )


def _section(view: View) -> str:
    told = f"{view.description} Grain: {view.grain}. Owner: {view.owner}. SQL: `{view.name}.sql`."
    return f"\n## {view.name.upper()}\n\n{told}\n{_COLUMNS}{''.join(_rows(view.name))}"


def _rows(view: str) -> Iterator[str]:
    for metric in metrics_of(view):
        by = ", ".join(metric.defined_by)
        yield f"| `{metric.column}` | {metric.meaning} | {by} | `{metric.formula}` | {_codes(metric.sources)} |\n"


def _codes(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _described(column: str, view: str) -> Column:
    name = column.lower()
    found = contracts().metrics.get(name) or contracts().fields.get(name)
    if found is None:
        raise ContractError(f"nobody says what {column} of {view} means; describe {name} in contracts/bi/metrics.yaml")
    return found
