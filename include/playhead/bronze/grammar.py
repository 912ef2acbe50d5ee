r"""What a plain record looks like, as one regular expression over its bytes, derived from the event contracts.

A plain record is one flat JSON object whose keys are all known and whose values are all written as their column's type in the usual way.
That much of JSON is a regular language, so a linear-time matcher decides it; and whatever matches means the same to every JSON parser
(a repeated key excepted, which the reader counts). Nothing is said about other records: they may be valid too, and are read exactly.

The expression is for RE2 over bytes: `.` and negated classes match any byte, so that UTF-8 must be checked apart.
"""

from __future__ import annotations

from functools import cache

from playhead.contracts.model import event_columns
from playhead.contracts.shapes import decimal_size
from playhead.errors import ContractError

# No control characters, no NUL and no surrogates, escaped or not: readers differ there.
_ESCAPE = (
    r"\\(?:[\"\\/bfnrt]|u(?:[1-9a-cA-CefEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|0[1-9a-fA-F][0-9a-fA-F]{2}|00[2-9a-fA-F][0-9a-fA-F]))"
)
_TEXT = r"\"(?:[^\"\\\x00-\x1f]|" + _ESCAPE + r")*\""
# Digits that every reader holds exactly: 18 in a bigint, 15 before and 12 behind the point of a double. No -0, which some read as 0.
_INTEGER = r"(?:0|-?[1-9]\d{0,17})"
_DOUBLE = r"(?:0|-?[1-9]\d{0,14}|-?(?:0|[1-9]\d{0,14})\.\d{1,12})"
_BOOLEAN = r"(?:true|false)"
# A day that every year has, so that no calendar is needed, in the years that validation takes.
_DAY = r"(?:19|20|21)\d\d-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_TIME = r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z"
_VALUES = {
    "string": _TEXT,
    "bigint": _INTEGER,
    "double": _DOUBLE,
    "boolean": _BOOLEAN,
    "timestamp": f'"{_DAY}{_TIME}"',
    "date": f'"{_DAY}"',
}
_MOST_DIGITS = 15  # a reader may take a decimal for a double on the way


@cache
def plain_record() -> str:
    """The expression that matches plain records, whole."""
    names: dict[str, list[str]] = {}
    for column in event_columns():
        names.setdefault(_value(column.type), []).append(column.name)
    members = "|".join(f'"(?:{"|".join(known)})": ?{value}' for value, known in names.items())
    return rf"\A\{{(?:{members})(?:, ?(?:{members}))*\}}\z"


def _value(spark_type: str) -> str:
    decimal = decimal_size(spark_type)
    if decimal:
        precision, scale = decimal
        before = min(precision - scale, _MOST_DIGITS - scale)
        return rf"(?:0|-?[1-9]\d{{0,{before - 1}}}|-?(?:0|[1-9]\d{{0,{before - 1}}})\.\d{{1,{scale}}})"
    if spark_type not in _VALUES:
        raise ContractError(f"bronze/grammar.py does not know how a {spark_type} is written in JSON; teach it")
    return _VALUES[spark_type]
