"""The form of authorization details: templates of what may be granted (RFC 9396)."""

from __future__ import annotations

from typing import Annotated, Any, cast

import msgspec
from pydantic import AfterValidator, Field

from actas.core.details import LONGEST, BadDetails, details_from
from actas.core.ports import Json
from actas.settings.values import wrong


def _sound(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    try:
        details_from(cast("Json", value))
        if len(msgspec.json.encode(value)) > LONGEST:
            raise BadDetails(f"they have more than {LONGEST} bytes")
    except BadDetails as bad:
        wrong(f"is not what authorization details are (RFC 9396): {bad}")
    for one in value:
        places = cast("Json", one.get("locations"))
        if "locations" in one and not (
            isinstance(places, list) and places and all(isinstance(place, str) for place in places)
        ):
            wrong("locations must be a list of addresses")
    return value


DetailsList = Annotated[
    list[dict[str, Any]],
    Field(min_length=1, max_length=10),
    AfterValidator(_sound),
]
"""A list of objects, each with its `type`."""
