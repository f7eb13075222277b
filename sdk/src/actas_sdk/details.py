"""Authorization details (RFC 9396): what is wanted, said in JSON rather than in scopes. Pure.

What a detail means is known to the API. Here it is only carried: asked for, and read from what was granted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from actas_sdk.echo import holds_piece
from actas_sdk.errors import Misconfigured
from actas_sdk.flow import Answer
from actas_sdk.strict_json import Json, NotStrict, parse_object

__all__ = ["DETAILS", "Details", "details_asked", "details_in", "details_said"]

DETAILS: Final = "authorization_details"
"""The parameter, the member of an answer, and the claim."""

Details = tuple[Mapping[str, Json], ...]


def details_asked(details: Sequence[Mapping[str, Json]]) -> str:
    """Return authorization details as they are sent: a JSON array as a string; nothing for none.

    Members stand in the order of their names, so that the same details are the same text.

    Raises:
        Misconfigured: they are no list of objects that have a type, or cannot be said in JSON.
    """
    if isinstance(details, str | bytes | Mapping):
        raise Misconfigured(f"{DETAILS} are a list of objects, not one")
    if not details:
        return ""
    try:
        said = json.dumps(
            [dict(one) for one in details], allow_nan=False, sort_keys=True, separators=(",", ":")
        )
        details_in(said)
    except (TypeError, ValueError, RecursionError, NotStrict):
        raise Misconfigured(f"{DETAILS} are objects of JSON, each with a type") from None
    return said


def details_in(said: str) -> Details:
    """Return the authorization details of a JSON array as a string.

    Raises:
        NotStrict: it is none.
    """
    # The strict reader reads objects: the array is put in one, whose only member it must stay.
    document = parse_object(f'{{"{DETAILS}":{said}}}'.encode("utf-8", "surrogatepass"))
    if document.keys() != {DETAILS}:
        raise NotStrict("there is something beside the array")
    return _details(document)


def details_said(document: Mapping[str, Json], answer: Answer) -> Details | None:
    """Return the authorization details that an answer says were granted; None when it says nothing of it.

    Raises:
        NotStrict: they are no list of objects that have a type, or repeat what was secret in the question.
    """
    if DETAILS not in document:
        return None
    found = _details(document)
    if holds_piece(json.dumps(found, ensure_ascii=False), answer):
        raise NotStrict(f"{DETAILS} repeats what is secret")
    return found


def _details(document: Mapping[str, Json]) -> Details:
    value = document[DETAILS]
    found = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    typed = [one for one in found if isinstance(one.get("type"), str) and one["type"]]
    if not isinstance(value, list) or not typed or len(typed) != len(value):
        raise NotStrict(f"{DETAILS} is not a list of objects with a type")
    return tuple(typed)
