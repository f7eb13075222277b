"""Looking at a token without believing it: what form it has and what it says.

Lenient on purpose: a token that would be refused everywhere is shown all the same, because that is when
people want to see it. Nothing here proves anything, and no address in a token is ever asked (SEC-36).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from actas.core.opaque import REFERENCE, REFRESH, is_whole
from actas.core.ports import Json, JsonObject

Form = Literal["jwt", "jwe", "xml", "opaque"]

TITLES: Final[dict[str, str]] = {
    "access_token": "JWT access token",
    "id_token": "ID token",
    "logout_token": "logout token",
    "security_event": "security event token",
    "dpop_proof": "DPoP proof",
    "id_jag": "identity assertion grant (ID-JAG)",
    "jwt_grant": "plain grant for another server (JWT)",
    "txn_token": "transaction token",
    "client_assertion": "client assertion",
    "jwt": "JWT",
    "jwe": "encrypted JWT",
    "xml": "XML",
    "opaque": "opaque text",
    "reference": "reference token of Actas",
    "refresh": "refresh token of Actas",
}
"""What people call each type of token."""

_BY_TYP: Final = {
    "at+jwt": "access_token",
    "logout+jwt": "logout_token",
    "secevent+jwt": "security_event",
    "dpop+jwt": "dpop_proof",
    "oauth-id-jag+jwt": "id_jag",
    "authorization-grant+jwt": "jwt_grant",
    "txntoken+jwt": "txn_token",
    "client-authentication+jwt": "client_assertion",
}
_MARKS_OF_ID_TOKEN: Final = frozenset({"nonce", "at_hash", "azp", "auth_time", "acr", "amr", "c_hash"})
_LARGEST: Final = 256 * 1024
_DEEPEST: Final = 64  # the header and payload of a token; deeper ones are shown as opaque


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What can be seen.

    Attributes:
        form: how the text is built.
        type: which type of token it seems to be; a key of ``TITLES``.
        length: characters.
        header: of a JWT or JWE, unverified.
        claims: of a JWT, unverified.
    """

    form: Form
    type: str
    length: int
    header: Mapping[str, Json] = field(default_factory=dict[str, Json])
    claims: Mapping[str, Json] = field(default_factory=dict[str, Json])

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES[self.type]

    @property
    def algorithm(self) -> str:
        """The ``alg`` it names, for people."""
        return _word(self.header.get("alg"), "no algorithm")

    @property
    def kid(self) -> str:
        """The key it names, for people."""
        return _word(self.header.get("kid"), "unnamed")


def look(text: str) -> Look:
    """Return what can be seen of ``text``. Never raises."""
    parts = text.split(".")
    if len(parts) in (3, 5) and len(text) <= _LARGEST:
        header = _object(parts[0])
        if header is not None and len(parts) == 5:
            return Look(form="jwe", type="jwe", length=len(text), header=header)
        claims = _object(parts[1])
        if header is not None and claims is not None:
            kind = _type_of(header, claims)
            return Look(form="jwt", type=kind, length=len(text), header=header, claims=claims)
    if text.lstrip().startswith("<") or _decoded(text[:64]).lstrip().startswith((b"<?xml", b"<saml", b"<ns")):
        return Look(form="xml", type="xml", length=len(text))
    kind = "reference" if is_whole(text, REFERENCE) else "refresh" if is_whole(text, REFRESH) else "opaque"
    return Look(form="opaque", type=kind, length=len(text))


def _type_of(header: Mapping[str, Json], claims: Mapping[str, Json]) -> str:
    typ = header.get("typ")
    known = _BY_TYP.get(typ.lower().removeprefix("application/")) if isinstance(typ, str) else None
    if known is not None:
        return known
    if "scope" not in claims and "client_id" not in claims and not _MARKS_OF_ID_TOKEN.isdisjoint(claims):
        return "id_token"
    return "jwt"


def _object(part: str) -> JsonObject | None:
    data = _decoded(part)
    if not data or data.count(b"{") + data.count(b"[") > _DEEPEST:
        return None
    try:
        value: Json = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4))
    except (ValueError, binascii.Error):
        return b""


def _word(value: Json, without: str) -> str:
    return value if isinstance(value, str) and value else without
