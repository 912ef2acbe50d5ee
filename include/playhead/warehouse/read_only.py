"""Whether a statement only reads: what `playhead query` lets through."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from playhead.errors import WarehouseError

_READS = (exp.Query, exp.Show, exp.Describe)
# Anything of these inside a statement changes the warehouse, or is a command the parser does not understand.
_CHANGES = (exp.DML, exp.DDL, exp.Drop, exp.Alter, exp.Command, exp.Copy, exp.Put, exp.Into)


def require_read_only(sql: str) -> None:
    """Refuse everything but one SELECT, SHOW or DESCRIBE.

    Raises:
        WarehouseError: the text is no SQL, is more than one statement, or changes something.
    """
    try:
        statements = [s for s in sqlglot.parse(sql, read="snowflake") if s is not None and not isinstance(s, exp.Semicolon)]
    except SqlglotError as error:
        raise WarehouseError(f"this is not SQL the warehouse reads: {str(error).splitlines()[0]}; check the statement") from error
    if len(statements) != 1:
        raise WarehouseError(f"{len(statements)} statements were given; give one SELECT, SHOW or DESCRIBE")
    (statement,) = statements
    if not isinstance(statement, _READS) or _changes(statement):
        kind = statement.key.upper()
        raise WarehouseError(f"{kind} is not allowed here, for queries only read; give one SELECT, SHOW or DESCRIBE, or --allow-write")


def _changes(statement: exp.Query | exp.Show | exp.Describe) -> bool:
    # Every query is a DDL expression by inheritance in some releases of the parser, hence the second condition.
    return any(isinstance(node, _CHANGES) and not isinstance(node, exp.Query) for node in statement.walk())
