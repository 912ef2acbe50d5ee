"""How each column of a BI view is reckoned and from what, read from the view's own SQL: what is told of it cannot grow old."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from playhead.errors import WarehouseError
from playhead.warehouse.schema import object_statements, view_statement

_DIALECT = "snowflake"
# Longer than two lines of a page a formula is no help; what it names then stands in the view's file.
_MOST_CHARACTERS = 160
_MOST_STEPS = 10


@dataclass(frozen=True, slots=True)
class Formula:
    """One column of a view.

    Attributes:
        column: its name, in capitals.
        expression: what it is of columns of tables, as far as that can be read; else of what the view calls its steps.
        sources: the columns of tables that decide its value, as `gold.user_daily.watched_ms`; the tables where it counts rows.
    """

    column: str
    expression: str
    sources: tuple[str, ...]


def formulas(view: str) -> list[Formula]:
    """The columns of a view, given as `v_top_content`, in order."""
    scope = _scope(view_statement(view))
    return [
        Formula(name, _readable(selected, scope), tuple(sorted(_sources(name, scope))))
        for selected in _query(scope).selects
        for name in (selected.alias_or_name,)
    ]


def tables_read(view: str) -> list[str]:
    """The tables that a view is made from, as `gold.user_daily`, sorted."""
    found = sqlglot.parse_one(view_statement(view), read=_DIALECT).expression.find_all(exp.Table)
    return sorted({_table_name(table) for table in found if table.db})


def _scope(statement: str) -> Scope:
    """The query of a view, every column with its table."""
    query = sqlglot.parse_one(statement, read=_DIALECT).expression
    scope = build_scope(qualify(query, dialect=_DIALECT, schema=_schema(), quote_identifiers=False, identify=False))
    if scope is None:
        raise WarehouseError("the statement of a view holds no query; begin it with CREATE OR REPLACE VIEW … AS SELECT")
    return scope


def _query(scope: Scope) -> exp.Query:
    assert isinstance(scope.expression, exp.Query)
    return scope.expression


@cache
def _schema() -> dict[str, object]:
    """Columns of the warehouse's tables, as the statements that make them say."""
    schema: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for statement in object_statements():
        created = sqlglot.parse_one(statement, read=_DIALECT)
        if isinstance(created, exp.Create) and isinstance(created.this, exp.Schema):
            table = created.this.this
            columns = {column.name: column.kind.sql(_DIALECT) for column in created.this.expressions}
            schema[table.db][table.name] = columns
    return dict(schema)


def _sources(column: str, scope: Scope) -> set[str]:
    nodes = list(lineage(column, scope.expression, dialect=_DIALECT, schema=_schema(), scope=scope, trim_selects=False).walk())
    read = [(node.source, node.name.rpartition(".")[2].lower()) for node in nodes if not node.downstream]
    columns = {f"{_table_name(table)}.{name}" for table, name in read if isinstance(table, exp.Table) and table.db}
    is_count = any(_counts_rows(counted) for node in nodes for counted in node.expression.find_all(exp.Count))
    if columns or not is_count:
        return columns
    return {_table_name(table) for table in scope.expression.find_all(exp.Table) if table.db == "GOLD"}


def _table_name(table: exp.Table) -> str:
    return f"{table.db}.{table.name}".lower()


def _readable(selected: exp.Expr, scope: Scope) -> str:
    """The expression with as many steps of the view put in as can be read."""
    told = _text(_expanded(selected.unalias(), scope, 0))
    for depth in range(1, _MOST_STEPS):
        deeper = _text(_expanded(selected.unalias(), scope, depth))
        if len(deeper) > _MOST_CHARACTERS:
            break
        told = deeper
    return told


def _expanded(expression: exp.Expr, scope: Scope, depth: int) -> exp.Expr:
    """An expression in which columns of earlier steps are what these steps made of them, `depth` steps back."""
    repeated = _repeated(scope)

    def put_in(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column) or node.table in repeated:
            return node
        step = scope.sources.get(node.table)
        if depth == 0 or not isinstance(step, Scope) or not isinstance(step.expression, exp.Select):
            return exp.column(node.this)
        made = next(each for each in step.expression.selects if each.alias_or_name == node.name).unalias()
        if _counts_rows(made) and node.parent is not None:
            return exp.column(node.this)  # the name of the step's column tells which rows are counted
        return exp.paren(_expanded(made, step, depth - 1))

    return expression.transform(put_in)


def _repeated(scope: Scope) -> set[str]:
    """Aliases under which a step or table is read once more beside itself: a week before, say. They are what tells its columns apart."""
    seen: Counter[str] = Counter()
    again = set()
    for alias, (node, _) in scope.selected_sources.items():
        seen[node.name] += 1
        if seen[node.name] > 1:
            again.add(alias)
    return again


def _counts_rows(expression: exp.Expr) -> bool:
    return isinstance(expression, exp.Count) and isinstance(expression.this, exp.Star)


def _text(expression: exp.Expr) -> str:
    """As a person would write it: without casts, sums of sums, and brackets and factors that say nothing."""
    told = exp.paren(expression)
    for kind, plainer in _PLAINER.items():
        for node in list(told.find_all(kind)):
            if node is not told:
                node.replace(plainer(node))
    return str(told.this.sql(_DIALECT, normalize_functions="lower"))


def _unbracketed(node: exp.Paren) -> exp.Expr:
    is_part = isinstance(node.parent, exp.Binary | exp.Unary) and not isinstance(node.parent, exp.Paren)
    return node if is_part and isinstance(node.this, exp.Binary) else node.this


def _sum_once(node: exp.Sum) -> exp.Expr:
    is_summed = isinstance(node.this, exp.Sum) or _counts_rows(node.this)
    return node.this if is_summed and not isinstance(node.parent, exp.Window) else node


# In this order: what stands in a bracket or a cast is looked at without it.
_PLAINER: dict[type[exp.Expr], Callable[[Any], exp.Expr]] = {
    exp.Cast: lambda node: node.this,
    exp.Identifier: lambda node: exp.to_identifier(node.name.lower()),
    exp.Literal: lambda node: node if node.is_string else exp.Literal.number(node.name.removesuffix(".0")),
    exp.Mul: lambda node: node.expression if node.this == exp.Literal.number(1) else node,
    exp.Paren: _unbracketed,
    exp.Sum: _sum_once,
    exp.DPipe: lambda node: exp.func("concat", node.this, node.expression),
}
