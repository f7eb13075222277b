"""Authorization details: what somebody may do, said in JSON rather than in scopes (RFC 9396). Pure.

What a detail means is known to the API and to nobody here. So this server compares: a template says what may
be granted at most, and a detail is within it or is not. Two traps are closed by that. A member that the
template does not name is refused, since nobody has looked at it. One that the detail leaves out is filled in
from the template, since an API may read its absence as "anything".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from actas.core.claims import BIGGEST, is_name
from actas.core.ports import Json, JsonObject

Details = tuple[JsonObject, ...]

MOST: Final = 10
"""Details in one request, one grant, one token."""

LONGEST: Final = 4096
"""Bytes of all of them as JSON."""

_DEEPEST: Final = 4
"""Levels of objects and lists within one."""

_WIDEST: Final = 32
"""Members of one object, entries of one list."""


class BadDetails(ValueError):
    """What should be authorization details is none, or is beyond bounds. The message holds no value of it."""


class DoesNotFit(ValueError):
    """A detail is not within any template. The message names the place in it and no value."""


def details_from(value: Json) -> Details:
    """Return the authorization details that a JSON value is.

    Its bytes are counted by whoever reads the text.

    Raises:
        BadDetails: it is none.
    """
    if not isinstance(value, list) or not value or len(value) > MOST:
        raise BadDetails(f"it is not a list of one to {MOST} objects")
    found: list[JsonObject] = []
    for one in value:
        if not isinstance(one, dict) or not is_name(one.get("type")):
            raise BadDetails("one of them is no object with a type")
        _require_sound(one, 1)
        found.append(one)
    return tuple(found)


def fitted(detail: JsonObject, templates: Iterable[JsonObject]) -> JsonObject:
    """Return a detail as it may be granted: within the first template that holds it, and saying all of that.

    Raises:
        DoesNotFit: no template holds it.
    """
    of_type = [one for one in templates if one["type"] == detail["type"]]
    if not of_type:
        raise DoesNotFit("there is no template of its type")
    why: list[str] = []
    for template in of_type:
        try:
            return _members(detail, template, "")
        except DoesNotFit as misfit:
            why.append(str(misfit))
    raise DoesNotFit("; or ".join(why))


def _require_sound(value: Json, depth: int) -> None:
    if isinstance(value, dict | list):
        if depth > _DEEPEST or len(value) > _WIDEST:
            raise BadDetails("one of them is nested too deeply, or has too many members")
        if isinstance(value, dict) and not all(is_name(name) for name in value):
            raise BadDetails("one of them has a member without a name")
        for inner in value.values() if isinstance(value, dict) else value:
            _require_sound(inner, depth + 1)
    elif isinstance(value, str):
        if not is_name(value):
            raise BadDetails("one of them has a text that is empty, too long or has control characters")
    elif value is None or (not isinstance(value, bool) and abs(value) >= BIGGEST):
        raise BadDetails("one of them has a null, or a number that is too large")


def _members(value: JsonObject, template: JsonObject, at: str) -> JsonObject:
    for name in value:
        if name not in template:
            raise DoesNotFit(f"the template has no {_place(at, name)}")
    return {
        name: _within(value[name], most, _place(at, name)) if name in value else most
        for name, most in template.items()
    }


def _within(value: Json, template: Json, at: str) -> Json:
    if isinstance(template, dict):
        if isinstance(value, dict):
            return _members(value, template, at)
    elif isinstance(template, list):
        if isinstance(value, list) and value:
            return [_one_of(one, template, at) for one in value]
    elif type(value) is type(template) and value == template:  # neither 1 nor "true" is true
        return template
    raise DoesNotFit(f"its {at} is not within the template")


def _one_of(value: Json, templates: Sequence[Json], at: str) -> Json:
    for template in templates:
        try:
            return _within(value, template, at)
        except DoesNotFit:
            continue
    raise DoesNotFit(f"its {at} has an entry that the template has not")


def _place(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name
