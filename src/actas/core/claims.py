"""Reading claims by name, type and presence.

Claims are type-strict (SEC-20): a name is a non-blank string of bounded length without control
characters, an audience a string or a list of strings, a time a finite number in a sane range, a scope
one string. Every reader raises ``BadToken``; none converts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final, TypeGuard, cast

from actas.core.errors import BadToken
from actas.core.ports import Json

MAX_NAME_BYTES: Final = 255
_EARLIEST: Final = 946_684_800  # 2000-01-01: no token of ours or of an issuer is older
_LATEST: Final = 4_102_444_800  # 2100-01-01
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")


def is_name(value: object) -> bool:
    """Whether ``value`` can name somebody: a non-blank string, at most 255 bytes, no control characters."""
    if not isinstance(value, str):
        return False
    if value.isascii() and value.isprintable():  # nearly every name; no control characters, a byte each
        return 0 < len(value) <= MAX_NAME_BYTES and (value[0] != " " or not value.isspace())
    return (
        bool(value.strip())
        and _CONTROL.search(value) is None
        and len(value.encode("utf-8")) <= MAX_NAME_BYTES
    )


def name(claims: Mapping[str, Json], key: str) -> str:
    """Return a required claim that names somebody.

    Raises:
        BadToken: it is missing or is not a name.
    """
    value = claims.get(key)
    if not (isinstance(value, str) and is_name(value)):
        raise BadToken(f"the claim {key} is missing or is not a name")
    return value


def several(claims: Mapping[str, Json], *keys: str) -> tuple[str, ...]:
    """Return required claims that each name somebody, in the order asked for.

    Raises:
        BadToken: one is missing or is not a name.
    """
    found = tuple(map(claims.get, keys))
    return found if _are_plain(found) else tuple([name(claims, key) for key in keys])


def _are_plain(values: Any) -> TypeGuard[tuple[str, ...]]:
    """Whether all are names without doubt. Nearly all are, and together they cost little more than one."""
    try:
        together = "".join(values)
    except TypeError:  # one is no text
        return False
    return (
        together.isascii()
        and together.isprintable()
        and " " not in together
        and min(map(len, values)) > 0
        and max(map(len, values)) <= MAX_NAME_BYTES
    )


def optional_name(claims: Mapping[str, Json], key: str) -> str | None:
    """Return a claim that names somebody, or None when it is absent.

    Raises:
        BadToken: it is present and is not a name. ``null`` is present.
    """
    return name(claims, key) if key in claims else None


def instant(claims: Mapping[str, Json], key: str) -> int:
    """Return a required NumericDate as whole seconds, rounded down.

    Raises:
        BadToken: it is missing, not a finite number, or outside 2000 to 2100.
    """
    value = claims.get(key)
    if type(value) is int and _EARLIEST <= value <= _LATEST:  # nearly every time
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"the claim {key} is missing or is not a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise BadToken(f"the claim {key} is not finite")
    if not _EARLIEST <= value <= _LATEST:
        raise BadToken(f"the claim {key} is not a sane time")
    return math.floor(value)


def audience(claims: Mapping[str, Json]) -> tuple[str, ...]:
    """Return ``aud`` as a tuple.

    Raises:
        BadToken: it is missing, empty, or holds anything but names.
    """
    value = claims.get("aud")
    values = value if isinstance(value, list) else [value]
    found = tuple(one for one in values if isinstance(one, str) and is_name(one))
    if not found or len(found) != len(values) or len(found) > 64:
        raise BadToken("the claim aud is missing or is not a list of names")
    return found


def names(claims: Mapping[str, Json], key: str) -> tuple[str, ...]:
    """Return a claim that is a list of names; empty when it is absent.

    Raises:
        BadToken: it is present and is not one.
    """
    value = claims.get(key, [])
    if not isinstance(value, list):
        raise BadToken(f"the claim {key} is not a list of names")
    found = tuple([one for one in value if isinstance(one, str) and is_name(one)])
    if len(found) != len(value):
        raise BadToken(f"the claim {key} is not a list of names")
    return found


def scope(claims: Mapping[str, Json]) -> frozenset[str]:
    """Return ``scope`` as a set; empty when it is absent (TX-73: unknown counts as none).

    Raises:
        BadToken: it is present and is not one string of scope tokens (RFC 8693 section 4.2).
    """
    if "scope" not in claims:
        return frozenset()
    value = claims["scope"]
    if not isinstance(value, str):
        raise BadToken("the claim scope is not one string")
    if value == "":
        return frozenset()
    parsed = parse_scope(value)
    if parsed is None:
        raise BadToken("the claim scope is not a list of scope tokens")
    return parsed


def parse_scope(text: str) -> frozenset[str] | None:
    """Return the scope tokens of ``text``, or None when it does not follow RFC 6749 section 3.3."""
    if len(text) > 8192 or _SCOPE.fullmatch(text) is None:
        return None
    return frozenset(text.split(" "))


BIGGEST: Final = 2**53
"""What every reader of JSON takes for the same number is below this (RFC 8259 section 6)."""


def is_claim(value: object) -> TypeGuard[Json]:
    """Whether ``value`` can stand in a token: text, numbers, true and false, and lists of them.

    A number that not every reader of JSON takes for the same one cannot (RFC 8259 section 6): two of them
    could become one, and the one of somebody else.
    """
    if isinstance(value, list):
        return all(is_claim(member) for member in cast("list[object]", value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return math.isfinite(value) and abs(value) < BIGGEST
    return isinstance(value, str | bool)
