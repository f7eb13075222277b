"""Authorization details (RFC 9396) as they are typed and shown: each one a JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from actas.cli.exits import misused
from actas.cli.wording import clean
from actas.core.details import LONGEST, Details
from actas.core.ports import Json, JsonObject
from actas.core.wire import ID_JAG, TokenType
from actas.crypto.json import BadJson, read_object


def typed_details(texts: Iterable[str]) -> Details:
    """Return the details that were typed, one with each ``--detail``. Who is asked judges what they say.

    Raises:
        Failure: one is no JSON object (exit 2).
    """
    found: list[JsonObject] = []
    for text in texts:
        try:
            found.append(read_object(text.encode("utf-8", "surrogateescape"), max_bytes=LONGEST))
        except BadJson as bad:
            raise misused(f"--detail: {bad}", hint="""as --detail '{"type":"ticket_access"}'""") from None
    return tuple(found)


def details_for(requested: TokenType, texts: tuple[str, ...]) -> Details:
    """Return the details that were typed, to be asked for with a token of the type ``requested``.

    Raises:
        Failure: one is no JSON object, or no request for such a token says any (exit 2).
    """
    if texts and requested != ID_JAG:
        raise misused("--detail goes with --for id-jag: no other request says authorization details")
    return typed_details(texts)


def details_said(value: Json) -> Details:
    """Return the details that an answer or a token says; what is none is left out."""
    return tuple(one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def detail_lines(details: Details) -> Iterator[str]:
    """Yield each as one line of JSON."""
    return (clean(json.dumps(one, ensure_ascii=False)) for one in details)
