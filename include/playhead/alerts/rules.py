"""The rules of alerts: one small table in one file, read and checked before it is used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from playhead.alerts.measures import measures_of
from playhead.contracts.model import event_types
from playhead.errors import SettingsError

ANY = "any"
RULES_SCHEMA = pa.schema(
    [
        ("event_type", pa.string()),
        ("rule_id", pa.string()),
        ("severity", pa.string()),
        ("measure", pa.string()),
        ("comparison", pa.string()),
        ("threshold", pa.float64()),
    ]
)


class Rule(BaseModel):
    """An alert is raised for each event of event_type (`any`: all that have the measure) whose measure compares to the threshold so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule_id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    event_type: str
    measure: str
    comparison: Literal[">", ">=", "<", "<=", "="]
    threshold: float
    severity: Literal["info", "warning", "critical"]
    enabled: bool = True
    description: str = Field(min_length=1)

    @property
    def event_types(self) -> tuple[str, ...]:
        """The types of event that the rule looks at."""
        if self.event_type == ANY:
            return tuple(name for name in event_types() if self.measure in measures_of(name))
        return (self.event_type,)


def parse_rules(text: str, source: str) -> tuple[Rule, ...]:
    """The rules that a file's text holds.

    Raises:
        SettingsError: the text is no list of rules, or a rule cannot work; the message names the file, the rule and what is wrong.
    """
    try:
        entries = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{source} is no YAML: {error}; correct it, `playhead alerts rules` checks it") from error
    if not isinstance(entries, list):
        raise SettingsError(f"{source} must be a list of rules; see docs/alerts.md")
    rules = tuple(_rule(entry, f"{source}: rule {number}") for number, entry in enumerate(entries, 1))
    names = [rule.rule_id for rule in rules]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingsError(f"{source} has more than one rule {', '.join(twice)}; a rule_id names one rule")
    return rules


def rules_table(rules: Sequence[Rule]) -> pa.Table:
    """The enabled rules as the table that the stream is joined to: one row per rule and type of event."""
    rows = [rule.model_dump() | {"event_type": event_type} for rule in rules if rule.enabled for event_type in rule.event_types]
    return pa.Table.from_pylist(rows, RULES_SCHEMA)


def _rule(entry: object, where: str) -> Rule:
    if isinstance(entry, dict) and "rule_id" in entry:
        where += f" ({entry['rule_id']})"
    try:
        rule = Rule.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the rule"
        raise SettingsError(f"{where}: {field}: {first['msg']} (got {first['input']!r}); see docs/alerts.md") from error
    problem = _problem(rule)
    if problem:
        raise SettingsError(f"{where}: {problem}")
    return rule


def _problem(rule: Rule) -> str | None:
    if not math.isfinite(rule.threshold):
        return f"threshold is {rule.threshold}; it must be a number"
    if rule.event_type != ANY and rule.event_type not in event_types():
        return f"event_type {rule.event_type} does not exist; use `{ANY}` or one of {', '.join(event_types())}"
    if not rule.event_types or rule.measure not in measures_of(rule.event_types[0]):
        known = measures_of(rule.event_type) if rule.event_type != ANY else frozenset().union(*map(measures_of, event_types()))
        return f"measure {rule.measure} is not one of {rule.event_type} events; they have {', '.join(sorted(known))}"
    return None
