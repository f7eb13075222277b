"""What a server says about itself, validated. Pure: an `Answer` in, a value or an error out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from actas_sdk.address import endpoint_allowed
from actas_sdk.errors import BadAnswer
from actas_sdk.flow import Answer
from actas_sdk.responses import json_of
from actas_sdk.strict_json import NotStrict, text, text_or_none

__all__ = ["Metadata", "metadata"]

_ADDRESSES: Final = {
    "token_endpoint": "token_endpoint",
    "jwks_uri": "jwks_uri",
    "revocation_feed": "actas_revocation_feed",
    "introspection_endpoint": "introspection_endpoint",
}
"""The members of metadata that lead somewhere, by what we call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a server says about itself (RFC 8414 section 2), as far as we use it.

    Attributes:
        token_endpoint: None when it has none, which is fine for whoever only checks tokens.
        jwks_uri: None when it publishes no keys.
        revocation_feed: where it says what was revoked (``actas_revocation_feed``), or None.
        introspection_endpoint: where it says whether a token is good (RFC 7662), or None.
    """

    issuer: str
    token_endpoint: str | None
    jwks_uri: str | None
    revocation_feed: str | None = None
    introspection_endpoint: str | None = None


def metadata(answer: Answer, *, issuer: str) -> Metadata:
    """Return what the server says about itself.

    Raises:
        BadAnswer: it is not strict JSON, its ``issuer`` is not the one that was asked (RFC 8414
            section 3.3: a document of another server could point our credentials anywhere), or it
            leads to an address that is not called.
    """
    document = json_of(answer, types={"application/json"})
    try:
        said = text(document, "issuer")
        found = {name: text_or_none(document, member, longest=2048) for name, member in _ADDRESSES.items()}
    except NotStrict as fault:
        raise BadAnswer(f"the metadata at {answer.url}: {fault}") from None
    if said != issuer:
        raise BadAnswer(
            f"the metadata at {answer.url} is that of the issuer {said[:200]!r}, and {issuer!r} was asked for"
        )
    for url in found.values():
        if url is not None and not endpoint_allowed(url, issuer=issuer):
            raise BadAnswer(f"the metadata at {answer.url} leads to an address that is not https")
    return Metadata(issuer=issuer, **found)
