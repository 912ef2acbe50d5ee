"""What the event contracts demand of one event, as pure Columns in a registry.

Every rule has a reason code (`required:user_agent`, `range:latitude`, `condition:not_in_the_future`) that is kept on rejected rows. A rule
whose Column is NULL is broken. Rules are evaluated twice over: hold() is the cheap question that every event answers; broken_codes() is
the expensive list, for the few events that fail it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import and_

from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F

from playhead.contracts.model import FAMILIES, Column, event_columns, event_types

_FINITE = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand. `holds` must be true for events whose type is in `types`."""

    code: str
    holds: SparkColumn
    types: frozenset[str]


def event_rules() -> tuple[Rule, ...]:
    """All rules that the 24 event contracts state, over the columns of bronze.events (`family` included).

    What a value must look like does not depend on the type that carries it; what must be there, and conditions, do.
    """
    return (*_required_rules(), *_value_rules(), *_condition_rules())


def hold(rules: Iterable[Rule]) -> SparkColumn:
    """True where every rule holds. One test per group of types, so that 24 types do not mean 24 chains."""
    groups: dict[frozenset[str], list[SparkColumn]] = {}
    for rule in rules:
        groups.setdefault(rule.types, []).append(rule.holds)
    return all_of([_unless_other_type(types, all_of(demands)) for types, demands in groups.items()])


def broken_codes(rules: Iterable[Rule]) -> SparkColumn:
    """The codes of the rules that do not hold, in order of the contract; NULL counts as broken."""
    return F.array_compact(F.array(*(F.when(is_broken(_unless_other_type(r.types, r.holds)), F.lit(r.code)) for r in rules)))


def is_broken(holds: SparkColumn) -> SparkColumn:
    """True where a demand does not hold; NULL counts as broken."""
    return ~F.coalesce(holds, F.lit(False))


def all_of(demands: Iterable[SparkColumn]) -> SparkColumn:
    """The conjunction of demands."""
    return balanced(and_, list(demands))


def balanced(join: Callable[[SparkColumn, SparkColumn], SparkColumn], columns: Sequence[SparkColumn]) -> SparkColumn:
    """Folds columns as a balanced tree: a chain of 75 is deeper than a Spark Connect message may nest."""
    if len(columns) == 1:
        return columns[0]
    middle = len(columns) // 2
    return join(balanced(join, columns[:middle]), balanced(join, columns[middle:]))


def family_of(event_type: SparkColumn) -> SparkColumn:
    """The family of an event type; NULL for a type that no contract describes."""
    by_family = {family: [e.name for e in event_types().values() if e.family == family] for family in FAMILIES}
    first, *others = FAMILIES
    family = F.when(event_type.isin(by_family[first]), F.lit(first))
    for other in others:
        family = family.when(event_type.isin(by_family[other]), F.lit(other))
    return family


def full_match(column: SparkColumn, pattern: str) -> SparkColumn:
    r"""True where the whole text matches. A contract's `$` would also match before a last line break; `\z` does not."""
    return column.rlike(pattern.removesuffix("$") + r"\z")


def _required_rules() -> list[Rule]:
    rules: list[Rule] = []
    for column in event_columns():
        types = frozenset(e.name for e in event_types().values() if column.name in e.required)
        if types:
            rules.append(Rule(f"required:{column.name}", F.col(column.name).isNotNull(), types))
    return rules


def _value_rules() -> list[Rule]:
    everyone = frozenset(event_types())
    return [
        Rule(f"{kind}:{column.name}", F.col(column.name).isNull() | demand, everyone)
        for column in event_columns()
        for kind, demand in _demands(column)
    ]


def _demands(column: Column) -> list[tuple[str, SparkColumn]]:
    """The demands on a value that is there."""
    value = F.col(column.name)
    demands: list[tuple[str, SparkColumn]] = []
    bounds = _bounds(column)
    if bounds:
        demands.append(("range", all_of(bounds)))
    if column.enum:
        demands.append(("enum", value.isin(list(column.enum))))
    if column.max_length is not None or column.min_length is not None:
        demands.append(("length", _length_within(value, column.min_length or 0, column.max_length)))
    if column.pattern is not None:
        demands.append(("pattern", full_match(value, column.pattern)))
    return demands


def _length_within(value: SparkColumn, least: int, most: int | None) -> SparkColumn:
    """Length in characters. Bytes are known without counting and decide nearly always: a character has one to four of them."""
    if most is None:
        return F.char_length(value) >= least
    return F.octet_length(value).between(4 * least - 3 if least else 0, most) | F.char_length(value).between(least, most)


def _bounds(column: Column) -> list[SparkColumn]:
    value = F.col(column.name)
    bounds: list[SparkColumn] = []
    if column.minimum is not None:
        bounds.append(value >= column.minimum)
    if column.exclusive_minimum is not None:
        bounds.append(value > column.exclusive_minimum)
    if column.maximum is not None:
        bounds.append(value <= column.maximum)
    elif column.type == "double":
        bounds.append(value <= _FINITE)  # 1e400 parses to infinity, which no measurement is
    if column.type == "double" and column.minimum is None and column.exclusive_minimum is None:
        bounds.append(value >= -_FINITE)
    return bounds


def _condition_rules() -> list[Rule]:
    types: dict[str, set[str]] = {}
    expressions: dict[str, str] = {}
    for event_type in event_types().values():
        for condition in event_type.conditions:
            types.setdefault(condition.name, set()).add(event_type.name)
            expressions[condition.name] = condition.expression
    return [Rule(f"condition:{name}", F.expr(expressions[name]), frozenset(types[name])) for name in types]


def _unless_other_type(types: frozenset[str], demand: SparkColumn) -> SparkColumn:
    """The demand, waived for events of other types; as a test on the family where whole families are meant."""
    everyone = event_types()
    if types == frozenset(everyone):
        return demand
    families = {everyone[name].family for name in types}
    if types == {e.name for e in everyone.values() if e.family in families}:
        meant = F.col("family").isin(sorted(families))
    else:
        meant = F.col("event_type").isin(sorted(types))
    return ~F.coalesce(meant, F.lit(False)) | demand
