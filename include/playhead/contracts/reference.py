"""All contracts on one page: docs/tables.md, and what a person is given who asks what a column means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from playhead.contracts.model import event_types, load_contract, table_names
from playhead.contracts.shapes import Column, Condition, Contract

LAYERS = {
    "bronze": "What arrived, in order of arrival.",
    "silver": "Valid, each event once, conformed; plays and visits.",
    "gold": "Sums and counts for views to divide, and what models make.",
    "ops": "What the lakehouse did, and how it went.",
}
_HEAD = """# Tables and events

Written by `make contracts` from the contracts (`include/playhead/contracts`); do not edit. `playhead contracts show <name>` shows one. A
column has one meaning wherever it occurs. Personal data is marked: `personal` tells who somebody is, `pseudonymous` tells one from another.
"""
_COLUMNS = "\n| column | type | | meaning |\n|-|-|-|-|\n"


def render_reference(sources: Mapping[str, Sequence[str]]) -> str:
    """The page as Markdown.

    Args:
        sources: the tables that a table is made from, by its name.
    """
    parts = [_HEAD]
    for layer, meaning in LAYERS.items():
        parts.append(f"\n## {layer}\n\n{meaning}\n")
        parts += (_table(load_contract(name), sources.get(name, ())) for name in table_names(layer))
    return "".join([*parts, *_events()])


def _table(contract: Contract, sources: Sequence[str]) -> str:
    facts = [
        f"Grain: {contract.grain}.",
        "" if contract.partition == "none" else f"Built and published by `{contract.partition}`.",
        f"Written by: {contract.writer}.",
        f"Made from: {', '.join(f'`{name}`' for name in sources)}." if sources else "",
        f"Due {contract.freshness_minutes:,} minutes after what it tells of.",
        f"Owner: {contract.owner}.",
    ]
    told = " ".join(fact for fact in facts if fact)
    return f"\n### {contract.name}\n\n{contract.description} {told}\n{_columns(contract.columns)}{_conditions(contract.conditions)}"


def _events() -> Iterator[str]:
    """What all events tell, and of each type what it tells beside that."""
    types = list(event_types().values())
    common = [column for column in types[0].columns if all(column in each.columns for each in types)]
    yield f"\n## Events\n\nOf each of the {len(types)} types.\n{_columns(common)}"
    for each in types:
        yield f"\n### event {each.name}\n\nTopic `{each.topic}`.\n"
        own = [column for column in each.columns if column not in common]
        yield _columns(own) + _conditions(each.conditions)


def _columns(columns: Sequence[Column]) -> str:
    return _COLUMNS + "".join(f"| `{c.name}` | {c.type} | {_marks(c)} | {_meaning(c)} |\n" for c in columns) if columns else ""


def _marks(column: Column) -> str:
    marks = ["key" if column.is_key else "required" if column.required else "", column.classification or ""]
    return ", ".join(mark for mark in marks if mark)


def _meaning(column: Column) -> str:
    """The description, and what is demanded of a value."""
    told = [column.description]
    if column.enum:
        told.append("One of " + ", ".join(f"`{value}`" for value in column.enum) + ".")
    if column.minimum is not None or column.maximum is not None or column.exclusive_minimum is not None:
        least = "" if column.minimum is None else f"from {column.minimum:,g}"
        above = "" if column.exclusive_minimum is None else f"above {column.exclusive_minimum:,g}"
        most = "" if column.maximum is None else f"to {column.maximum:,g}"
        bounds = " ".join(bound for bound in (least, above, most) if bound)
        told.append(f"{bounds[0].upper()}{bounds[1:]}.")
    return " ".join(told).replace("|", "\\|")


def _conditions(conditions: Sequence[Condition]) -> str:
    return "".join(f"\n- `{each.name}`: {each.description}" for each in conditions) + ("\n" if conditions else "")
