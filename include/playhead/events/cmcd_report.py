"""One line of a CMCD v2 event report (CTA-5004-B): an RFC 9651 dictionary, read into a typed Report or refused with a reason.

Keys that players share are taken from the standard; `playhead-*` are custom keys (the standard's own extension point) that our page adds
because hls.js does not report them: the playhead position, who watches, and on what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import http_sf

from playhead.events.validation import Fault

_LONGEST_LINE = 16_384
_TIMES = range(253_402_300_800_000)  # to the end of the year 9999, the last that timestamps can say
_DAY_MS = 86_400_000
# A line must say which play, which report of it, when, what happened, and which title.
REQUIRED_KEYS = ("sid", "sn", "ts", "e", "cid")


@dataclass(frozen=True, slots=True)
class Report:
    """What one line says. Times in milliseconds, rates in kbit/s, as on the wire; None where the line does not carry the key."""

    sid: str
    sn: int
    ts: int
    event: str
    content_id: str
    state: str | None = None
    start_delay_ms: int | None = None
    stalls_ms: tuple[int, ...] = ()
    position_ms: int | None = None
    bitrate_kbps: float | None = None
    throughput_kbps: float | None = None
    error_codes: tuple[str, ...] = ()
    custom_name: str | None = None
    cdn: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    device_id: str | None = None
    app_version: str | None = None
    player: str | None = None


class _MistypedError(ValueError):
    """A key carries a value of another type than the standard gives it."""


def parse_report(line: bytes) -> Report | Fault:
    """The report in one line, or why it is refused: malformed_cmcd, unsupported_version, required:<key> or mistyped."""
    if len(line) > _LONGEST_LINE:
        return Fault("malformed_cmcd", f"a line of {len(line)} bytes is longer than {_LONGEST_LINE}")
    try:
        members: Any = http_sf.parse(line, tltype="dictionary")
        fields = {key: _bare(member) for key, member in members.items()}
    except (http_sf.StructuredFieldError, ValueError) as error:
        return Fault("malformed_cmcd", f"not a structured-field dictionary: {error}")
    if fields.get("v", 1) != 2:
        return Fault("unsupported_version", f"v={fields.get('v', 1)}; event reports are CMCD version 2")
    missing = next((key for key in REQUIRED_KEYS if key not in fields), None)
    if missing is not None:
        return Fault(f"required:{missing}", f"{missing} is missing")
    try:
        return _report(fields)
    except _MistypedError as error:
        return Fault("mistyped", str(error))


def _report(fields: Mapping[str, Any]) -> Report:
    position = _integer(fields, "pt")
    ts = _required_integer(fields, "ts")  # of anything else than a whole number, `in` would ask every moment there is
    if ts not in _TIMES:
        raise _MistypedError(f"ts={fields['ts']!r:.80} is not milliseconds since 1970")
    return Report(
        sid=_required_text(fields, "sid"),
        sn=_required_integer(fields, "sn"),
        ts=ts,
        event=_required_text(fields, "e"),
        content_id=_required_text(fields, "cid"),
        state=_text(fields, "sta"),
        start_delay_ms=_integer(fields, "msd"),
        stalls_ms=_stalls(fields),
        position_ms=_integer(fields, "playhead-pt") if position is None else position,
        bitrate_kbps=_first_positive(fields, "br"),
        throughput_kbps=_first_positive(fields, "mtp"),
        error_codes=tuple(str(each) for each in _listed(fields, "ec")),
        custom_name=_text(fields, "cen"),
        cdn=_text(fields, "cdn"),
        session_id=_text(fields, "playhead-session"),
        user_id=_text(fields, "playhead-user"),
        device_id=_text(fields, "playhead-device"),
        app_version=_text(fields, "playhead-app"),
        player=_text(fields, "playhead-player"),
    )


def _bare(member: Any) -> Any:
    """A member without its parameters: a bare item, or a list of them (http_sf gives every item as a (value, parameters) pair)."""
    value = member[0]
    return [each[0] for each in value] if isinstance(value, list) else value


def _text(fields: Mapping[str, Any], key: str) -> str | None:
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, str | http_sf.Token) and str(value):
        return str(value)
    raise _MistypedError(f"{key}={value!r:.80} is not text")


def _integer(fields: Mapping[str, Any], key: str) -> int | None:
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise _MistypedError(f"{key}={value!r:.80} is not a whole number")


def _required_text(fields: Mapping[str, Any], key: str) -> str:
    value = _text(fields, key)
    if value is None:
        raise _MistypedError(f"{key} is empty")
    return value


def _required_integer(fields: Mapping[str, Any], key: str) -> int:
    value = _integer(fields, key)
    if value is None:
        raise _MistypedError(f"{key} is empty")
    return value


def _listed(fields: Mapping[str, Any], key: str) -> list[Any]:
    """An inner list; players of version 1 habits send one bare value."""
    value = fields.get(key, [])
    return value if isinstance(value, list) else [value]


def _numbers(fields: Mapping[str, Any], key: str) -> list[float]:
    numbers = []
    for each in _listed(fields, key):
        if not isinstance(each, int | float | Decimal) or isinstance(each, bool):  # the words nan and inf are numbers to Python
            raise _MistypedError(f"{key} holds {each!r:.80}, not a number")
        if each < 0:
            raise _MistypedError(f"{key} holds {each}, below zero")
        numbers.append(float(each))
    return numbers


def _stalls(fields: Mapping[str, Any]) -> tuple[int, ...]:
    """Lengths of stalls. None is longer than a day, so that the moment at which it began is one that can be told."""
    stalls = tuple(int(each) for each in _numbers(fields, "bsd"))
    if max(stalls, default=0) > _DAY_MS:
        raise _MistypedError(f"bsd holds {max(stalls)}, more than a day")
    return stalls


def _first_positive(fields: Mapping[str, Any], key: str) -> float | None:
    """hls.js reports br=(0) before it has chosen a rendition: unknown, not zero."""
    return next((number for number in _numbers(fields, key) if number > 0), None)
