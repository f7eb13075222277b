r"""The one strict JSON reader of the product (SEC-07).

Refused, besides what is not JSON: duplicate members, numbers that are not finite, members that differ
only by case from a name the reader knows, nesting deeper than 16, and more bytes than the caller allows.
The size and the depth are looked at before a tree is built (SEC-26).

The decoder is msgspec's. It keeps the last of duplicate members, so duplicates are counted: an object of
valid JSON has one colon outside strings for each member, and duplicates leave fewer members in the tree
than there were colons in the text. That is exact at every depth and for every spelling of a name, because
the decoder has already resolved escapes such as ``\u0061`` when it merged two members.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import msgspec

from actas.core.ports import Json, JsonObject

MAX_DEPTH: Final = 16
"""Deepest nesting of objects and lists (SEC-26)."""

NO_NAMES: Final[frozenset[str]] = frozenset()

_decode: Final[Callable[[bytes], Json]] = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode
_NOT_BRACKETS: Final = bytes(sorted(set(range(256)) - set(b"[]{}")))


class BadJson(ValueError):
    """A text is not JSON as we read it. The message never holds a part of the text."""


def read_object(data: bytes, *, max_bytes: int, known: frozenset[str] = NO_NAMES) -> JsonObject:
    """Return the one JSON object that ``data`` is.

    Args:
        max_bytes: longest text accepted.
        known: names that the reader acts on; a member that is one of them in another case is refused,
            because another reader of the same text might take it for the real one (CVE-2026-27896).

    Raises:
        BadJson: it is anything else.
    """
    if len(data) > max_bytes:
        raise BadJson("the JSON text is too long")
    objects = data.count(b"{")
    if objects + data.count(b"[") > MAX_DEPTH:
        _check_depth(data)
    try:
        value: Json = _decode(data)
    except (ValueError, RecursionError):
        raise BadJson("the text is not JSON") from None
    if not isinstance(value, dict):
        raise BadJson("the JSON text is not an object")
    if objects > 1:
        members = _check_object(value, known)
    else:
        members = len(value)
        if not known.issuperset(value):
            _check_names(value, known)
    # Cheap proof first: a text that is exactly what the tree is written as has no member the tree lacks.
    if _encode(value) != data and members != _outside_strings(data).count(b":"):
        raise BadJson("the JSON text has a duplicate member")
    return value


def _check_depth(data: bytes) -> None:
    depth = 0
    for bracket in _outside_strings(data).translate(None, _NOT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise BadJson("the JSON text is nested too deeply")
        else:
            depth -= 1


def _check_object(value: JsonObject, known: frozenset[str]) -> int:
    """Check the names of an object and of all objects in it; return how many members they have together."""
    members = len(value)
    if not known.issuperset(value):
        _check_names(value, known)
    for one in value.values():
        if one.__class__ is str:  # nearly all of them, and this runs for each token
            continue
        if isinstance(one, dict):
            members += _check_object(one, known)
        elif isinstance(one, list):
            members += _check_list(one, known)
    return members


def _check_list(value: list[Json], known: frozenset[str]) -> int:
    members = 0
    for one in value:
        if isinstance(one, dict):
            members += _check_object(one, known)
        elif isinstance(one, list):
            members += _check_list(one, known)
    return members


def _check_names(value: JsonObject, known: frozenset[str]) -> None:
    folded = _folded(known)
    for name in value:
        if name not in known and name.casefold() in folded:
            raise BadJson("the JSON text has a member that differs from a known one only by case")


@lru_cache(maxsize=16)
def _folded(known: frozenset[str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in known)


def _outside_strings(data: bytes) -> bytes:
    """Return what stands outside strings: exactly so in valid JSON, and up to the first fault in others."""
    if b"\\" in data:
        # In valid JSON a backslash only occurs in a string. First pairs, then what still escapes a quote.
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(data.split(b'"')[::2])
