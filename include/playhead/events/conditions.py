"""Contract conditions (Spark SQL booleans over one row) as Python predicates, for places that start no Spark.

Read with sqlglot and turned into closures once. Three-valued logic as in SQL: a NULL outcome counts as broken. What a condition may use is
what the contracts use (comparison, AND, OR, NOT, IS NULL, literals, + and - with intervals); anything else is refused when it is compiled,
so that a contract can never be half judged.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import sqlglot
from sqlglot import exp

from playhead.contracts.shapes import Condition
from playhead.errors import ContractError

_Row = Mapping[str, Any]
_Value = Callable[[_Row], Any]

_STRICT: dict[type[exp.Expr], Callable[[Any, Any], Any]] = {
    exp.LTE: operator.le,
    exp.LT: operator.lt,
    exp.GTE: operator.ge,
    exp.GT: operator.gt,
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.Add: operator.add,
    exp.Sub: operator.sub,
}
_UNITS = {"SECOND": "seconds", "MINUTE": "minutes", "HOUR": "hours", "DAY": "days"}


def compile_condition(condition: Condition) -> Callable[[_Row], bool]:
    """A predicate that is true where the condition holds for a row of typed values.

    Raises:
        ContractError: the condition uses SQL that is not judged here.
    """
    try:
        value = _compile(sqlglot.parse_one(condition.expression, read="spark"))
    except (sqlglot.ParseError, NotImplementedError) as error:
        raise ContractError(
            f"condition {condition.name} ({condition.expression}) uses SQL that the collector cannot judge: {error};"
            " simplify it, or teach events/conditions.py"
        ) from error
    return lambda row: value(row) is True


def _compile(node: exp.Expr) -> _Value:
    strict = _STRICT.get(type(node))
    if strict is not None:
        return _binary(strict, _compile(node.this), _compile(node.expression))
    if isinstance(node, exp.And | exp.Or):
        return _logical(isinstance(node, exp.And), _compile(node.this), _compile(node.expression))
    if isinstance(node, exp.Paren):
        return _compile(node.this)
    if isinstance(node, exp.Column):
        return _column(node.name)
    if isinstance(node, exp.Not | exp.Is | exp.Null):
        return _null_test(node)
    return _constant(node)


def _binary(apply: Callable[[Any, Any], Any], left: _Value, right: _Value) -> _Value:
    def value(row: _Row) -> Any:
        a, b = left(row), right(row)
        return None if a is None or b is None else apply(a, b)

    return value


def _logical(is_and: bool, left: _Value, right: _Value) -> _Value:
    """AND is decided by a false, OR by a true; else NULL wins."""

    def value(row: _Row) -> Any:
        both = (left(row), right(row))
        decisive = not is_and
        if decisive in both:
            return decisive
        return None if None in both else is_and

    return value


def _column(name: str) -> _Value:
    return lambda row: row.get(name)


def _null_test(node: exp.Expr) -> _Value:
    if isinstance(node, exp.Null):
        return lambda row: None
    inner = _compile(node.this)
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        return lambda row: inner(row) is None
    if isinstance(node, exp.Not):
        return lambda row: None if (value := inner(row)) is None else not value
    raise NotImplementedError(node.sql())


def _constant(node: exp.Expr) -> _Value:
    if isinstance(node, exp.Interval):
        unit = str(node.args["unit"]).upper().removesuffix("S")
        if unit not in _UNITS:
            raise NotImplementedError(node.sql())
        span = timedelta(**{_UNITS[unit]: float(node.this.name)})
        return lambda row: span
    if isinstance(node, exp.Boolean):
        truth = bool(node.this)
        return lambda row: truth
    if isinstance(node, exp.Literal):
        literal: Any = str(node.this) if node.is_string else float(str(node.this))
        return lambda row: literal
    raise NotImplementedError(node.sql())
