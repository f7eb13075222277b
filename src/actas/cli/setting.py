"""``--set FIELD=VALUE``: fields of a document that have no flag of their own, by their names in a file."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Final

from actas.cli.exits import misused
from actas.core.ports import Json, JsonObject
from actas.crypto.json import BadJson, read_object

_LONGEST: Final = 16 * 1024
_EXAMPLE: Final = "as --set sign_in.max_age=8h"


def with_fields(document: JsonObject, texts: Iterable[str]) -> JsonObject:
    """Return a document with the fields that were typed, each in its place.

    ``resource.audience=urn:tickets`` is the field ``audience`` within ``resource``. A value is JSON when it
    can be read as such, and else text. Whether there is such a field, and what may stand in it, is judged by
    whoever is given the document.

    Raises:
        Failure: one is no field with a value, or is said already (exit 2).
    """
    found = deepcopy(document)
    for text in texts:
        path, equals, value = text.partition("=")
        names = path.split(".")
        if not equals or not all(names):
            raise misused(f"--set {text}: it is no FIELD=VALUE", hint=_EXAMPLE)
        place = found
        for name in names[:-1]:
            inner = place.setdefault(name, {})
            if not isinstance(inner, dict):
                raise _said(path)
            place = inner
        if names[-1] in place:
            raise _said(path)
        place[names[-1]] = _value(value)
    return found


def typed_object(text: str, *, flag: str, sample: str) -> JsonObject:
    """Return the JSON object that was typed.

    Raises:
        Failure: it is none (exit 2).
    """
    try:
        return read_object(text.encode("utf-8", "surrogateescape"), max_bytes=_LONGEST)
    except BadJson as bad:
        raise misused(f"{flag}: {bad}", hint=f"as {flag} '{sample}'") from None


def _said(path: str) -> Exception:
    return misused(f"--set {path}: that is said already", hint="say it once")


def _value(text: str) -> Json:
    """Return the JSON value that a text is, read as strictly as a token; else the text."""
    try:
        found = read_object(b'{"value":%b}' % text.encode("utf-8", "surrogateescape"), max_bytes=_LONGEST)
    except BadJson:
        return text
    return found["value"] if found.keys() == {"value"} else text
