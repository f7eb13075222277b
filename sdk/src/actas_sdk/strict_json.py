"""JSON that has one meaning, and the reading of its members by name and type.

Python's own reader keeps the last of two equal members, takes ``NaN`` and turns ``1e999`` into
infinity. Each has been a bypass somewhere: two readers of one token that see two subjects, or an
expiry that no time is ever later than.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final, NoReturn

__all__ = ["Json", "JsonObject", "NotStrict", "encodable", "parse_object", "text", "text_or_none", "texts"]

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""A JSON value."""

JsonObject = dict[str, Json]

_DEEPEST: Final = 32


class NotStrict(Exception):
    """The text is not JSON with one meaning, or a member is not what it must be.

    The message names the member, never its value.
    """


def parse_object(raw: bytes) -> JsonObject:
    """Return the JSON object that ``raw`` is, in UTF-8.

    Raises:
        NotStrict: not UTF-8, not JSON, not an object, a repeated member, a number that is not
            finite, a lone surrogate, or nesting deeper than 32.
    """
    try:
        value: object = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise NotStrict("not a JSON object with one meaning")
    _check_depth_and_text(value, deepest=_DEEPEST)  # pyright: ignore[reportUnknownArgumentType]
    return value  # pyright: ignore[reportUnknownVariableType]


def text(members: Mapping[str, Json], name: str, *, longest: int = 1024) -> str:
    """Return the text member ``name``: present, a string, not empty, bounded.

    Raises:
        NotStrict: it is not.
    """
    value = members.get(name)
    if not isinstance(value, str) or not value or len(value) > longest:
        raise NotStrict(f"{name} is missing, empty, too long or not text")
    return value


def text_or_none(members: Mapping[str, Json], name: str, *, longest: int = 1024) -> str | None:
    """Return the text member ``name``, or None when it is absent.

    Raises:
        NotStrict: it is there but is not text of that length.
    """
    return text(members, name, longest=longest) if name in members else None


def texts(members: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Return ``name`` as a tuple of texts, whether it is one string or a list of them.

    Raises:
        NotStrict: it is missing, empty, or holds anything but texts.
    """
    value = members.get(name)
    listed = value if isinstance(value, list) else [value]
    found = tuple(each for each in listed if isinstance(each, str) and each)
    if not found or len(found) != len(listed):
        raise NotStrict(f"{name} is missing, empty or not text")
    return found


def encodable(text: str) -> bool:
    """Say whether ``text`` can be written down: a lone surrogate cannot.

    Asked before encoding, because the error of encoding quotes the text, which may be a secret.
    """
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)


def _without_repeats(pairs: list[tuple[str, Json]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is repeated")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _check_depth_and_text(value: Json, *, deepest: int) -> None:
    """Refuse nesting and texts that would break whoever walks or encodes the value later."""
    if deepest == 0:
        raise NotStrict("nested too deeply")
    if isinstance(value, str):
        if not encodable(value):
            raise NotStrict("a text holds a lone surrogate")
    elif isinstance(value, list):
        for each in value:
            _check_depth_and_text(each, deepest=deepest - 1)
    elif isinstance(value, dict):
        for name, each in value.items():
            _check_depth_and_text(name, deepest=deepest - 1)
            _check_depth_and_text(each, deepest=deepest - 1)
