"""What can be done to the bytes of an event."""

from __future__ import annotations

import base64
import codecs
import gzip
import json
import random
import zlib
from collections.abc import Callable
from functools import cache

Change = Callable[[bytes, int], bytes]  # of an event's bytes and the record's number

_MIB = 1024 * 1024
_ROOM = 1024  # for the record's key, headers and batch


def truncated(value: bytes, number: int) -> bytes:
    """Cut off anywhere: a different place for each record."""
    return value[: 1 + number % (len(value) - 1)]


def half_a_character(value: bytes, _number: int) -> bytes:
    """Cut off within a character of three bytes."""
    return value[:-1] + ',"z":"€'.encode()[:-1]


def ending(told: bytes) -> Change:
    """With a last field whose text is these bytes."""
    return lambda value, _: _ended(value, told)


def behind(told: bytes) -> Change:
    """With these bytes behind it."""
    return lambda value, _: value + told


def instead(told: bytes) -> Change:
    """Other bytes in its place."""
    return lambda _, __: told


def replaced(old: bytes, new: bytes) -> Change:
    """With these bytes, once, in the place of others."""
    return lambda value, _: value.replace(old, new, 1)


def nested(levels: int) -> Change:
    """With objects and arrays within each other, this deep; the event itself is one."""
    return lambda value, _: value[:-1] + b',"z":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def as_large_as(limit: int) -> Change:
    """With a field of letters that do not compress, as large as a topic of this limit takes."""
    return lambda value, _: _filled(value, limit - _ROOM)


def larger_than(limit: int) -> Change:
    """The same, larger than a topic of this limit takes however it is compressed."""
    return lambda value, _: _filled(value, limit * 2)


def single_quotes(value: bytes, _number: int) -> bytes:
    """As Python writes it."""
    return str(json.loads(value)).encode()


def escaped_keys(value: bytes, _number: int) -> bytes:
    """The same event, with an escape in each of its keys."""
    return value.replace(b'_id":', rb'\u005fid":')


def spaced_out(value: bytes, _number: int) -> bytes:
    """The same event over many lines."""
    return b"\r\n\t " + json.dumps(json.loads(value), indent="\t").encode() + b"\n\n"


def in_utf16(value: bytes, _number: int) -> bytes:
    """As Windows writes it, with its mark."""
    return codecs.BOM_UTF16_LE + value.decode().encode("utf-16-le")


def in_utf16_unmarked(value: bytes, _number: int) -> bytes:
    """In two bytes for each character, and no mark: each is a character of UTF-8 too."""
    return value.decode().encode("utf-16-le")


def zipped(value: bytes, _number: int) -> bytes:
    """The event compressed by whoever sent it."""
    return gzip.compress(value, mtime=0)


@cache
def _bomb() -> bytes:
    return gzip.compress(zlib.compress(bytes(64 * _MIB)), mtime=0)


def bomb(_value: bytes, number: int) -> bytes:
    """A few bytes that unpack to many, twice."""
    return _bomb() + b"%d" % number


def in_base64(value: bytes, _number: int) -> bytes:
    """The event as base64."""
    return base64.b64encode(value)


def with_schema_id(value: bytes, _number: int) -> bytes:
    """Behind a magic byte and the id of a schema, as a schema registry's clients write."""
    return b"\0\0\0\0\7" + value


def _filled(value: bytes, size: int) -> bytes:
    room = size - len(_ended(value, b""))
    letters = base64.b64encode(random.Random(value).randbytes(room))
    return _ended(value, letters[:room])


def _ended(value: bytes, told: bytes) -> bytes:
    return value[:-1] + b',"z":"' + told + b'"}'
