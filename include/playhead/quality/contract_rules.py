"""What contracts demand of rows, as Spark SQL: the gate profiles a table's rules, the suites expect none of them broken, and bronze passes
an event by them.
"""

from __future__ import annotations

from dataclasses import dataclass

from playhead.contracts.model import event_columns, event_types, rule_dimensions
from playhead.contracts.shapes import Column, Contract, Dimension

UNIQUE_KEY = "unique:key"
_STARTS = ("started_at", "event_timestamp")


@dataclass(frozen=True, slots=True)
class RowRule:
    """One demand on one row. `broken` is true (never NULL-sensitive) for a row that breaks it."""

    code: str
    broken: str


def row_rules(contract: Contract) -> tuple[RowRule, ...]:
    """Every rule of a contract that one row can break, in the order of its columns."""
    rules = [rule for column in contract.columns for rule in _column_rules(column)]
    rules += [RowRule(f"condition:{c.name}", f"NOT coalesce(({c.expression}), false)") for c in contract.conditions]
    return (*rules, *_partition_rules(contract))


def rule_codes(contract: Contract) -> tuple[str, ...]:
    """Codes of every rule of a contract; the last one, about its key, needs all rows of a partition."""
    codes = tuple(rule.code for rule in row_rules(contract))
    return (*codes, UNIQUE_KEY) if contract.key else codes


def rule_dimension(contract: Contract, code: str) -> Dimension:
    """The dimension of quality that a rule tells of: that of its kind, and of a condition its own."""
    kind, _, name = code.partition(":")
    if kind == "condition":
        return next(condition.dimension for condition in contract.conditions if condition.name == name)
    kinds = rule_dimensions()
    return kinds[code] if code in kinds else kinds[kind]


def timely(contract: Contract) -> str | None:
    """True for a row that was accepted within the table's freshness after it happened; None where rows do not tell.

    What came later could not be published in time, however fast the builds are.
    """
    if not {"event_timestamp", "received_at"} <= set(contract.column_names):
        return None
    return f"`received_at` <= `event_timestamp` + INTERVAL {contract.freshness_minutes} MINUTES"


def event_demands() -> tuple[str, ...]:
    """What must be true (not NULL) of every valid event, over its columns and `topic`; says nothing about which rule a bad one breaks.

    One demand per group of types, so that 24 types do not mean 24 chains.
    """
    values = [f"NOT coalesce({rule.broken}, false)" for column in event_columns() for rule in _value_rules(column)]
    needed: dict[str, list[str]] = {}
    for kind in event_types().values():
        demands = [f"`{name}` IS NOT NULL" for name in sorted(kind.required)] + [f"({c.expression})" for c in kind.conditions]
        needed.setdefault(" AND ".join([*demands, f"`topic` = {_text(kind.topic)}"]), []).append(kind.name)
    by_type = "".join(f" WHEN `event_type` IN ({', '.join(map(_text, names))}) THEN {demand}" for demand, names in needed.items())
    return (*values, f"CASE{by_type} ELSE false END")


def _column_rules(column: Column) -> list[RowRule]:
    name = f"`{column.name}`"
    required = [RowRule(f"required:{column.name}", f"{name} IS NULL")] if column.required else []
    return required + _value_rules(column)


def _value_rules(column: Column) -> list[RowRule]:
    """What a value that is there must look like."""
    name = f"`{column.name}`"
    rules: list[RowRule] = []
    bounds = _bounds(column, name)
    if bounds:
        rules.append(RowRule(f"range:{column.name}", " OR ".join(bounds)))
    if column.enum:
        rules.append(RowRule(f"enum:{column.name}", f"{name} NOT IN ({', '.join(_text(value) for value in column.enum)})"))
    lengths = _lengths(column, name)
    if lengths:
        rules.append(RowRule(f"length:{column.name}", " OR ".join(lengths)))
    if column.pattern is not None:
        # `$` would also match before a last line break.
        whole = column.pattern.removesuffix("$") + r"\z"
        rules.append(RowRule(f"pattern:{column.name}", f"NOT {name} RLIKE {_text(whole)}"))
    return rules


def _bounds(column: Column, name: str) -> list[str]:
    bounds = [
        f"{name} {operator} {bound}"
        for operator, bound in (("<", column.minimum), ("<=", column.exclusive_minimum), (">", column.maximum))
        if bound is not None
    ]
    if bounds and column.type == "double":
        bounds.append(f"isnan({name})")
    return bounds


def _lengths(column: Column, name: str) -> list[str]:
    return [
        f"char_length({name}) {operator} {length}"
        for operator, length in (("<", column.min_length), (">", column.max_length))
        if length is not None
    ]


def _partition_rules(contract: Contract) -> list[RowRule]:
    """A row's day is its hour's day, and its hour is the hour it happened (or started) in."""
    names = contract.column_names
    rules: list[RowRule] = []
    if contract.partition == "event_hour" and "event_date" in names:
        rules.append(RowRule("consistent:event_date", "`event_date` <> to_date(`event_hour`)"))
    begins = next((name for name in _STARTS if name in names), None)
    if contract.partition == "event_hour":
        moment = f"`{begins}`" if begins else "`event_hour`"
        rules.append(RowRule("consistent:event_hour", f"`event_hour` <> date_trunc('HOUR', {moment})"))
    return rules


def _text(value: str) -> str:
    """A SQL string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
