"""What grants of a server in memory say, and the tokens that come of them at another one.

Left to others: whether one is given, and redeemed (`fake_crossing`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, cast

from actas_sdk.details import DETAILS, Details
from actas_sdk.fake_books import FakeBooks, lineage
from actas_sdk.fake_requests import Asked
from actas_sdk.granting import TYPES, GrantKind
from actas_sdk.strict_json import Json, JsonObject

__all__ = ["LIFE", "Agreement", "grant_of", "token_of"]

LIFE: Final = 300
"""Seconds that a grant lives, and what comes of it."""

_TOLD: Final = {"id_jag": ("sub", "sub_profile", "auth_time"), "jwt": ("sub",)}
"""What each kind of grant tells of the person. What else a plain one says would be for its connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What two servers have agreed: one gives grants for an API of the other.

    Attributes:
        home: the one that gives them.
        there: the one that redeems them.
        audience: the API.
        client_id: who the service is there.
        scopes: what a grant is good for when nobody says.
        kind: which grants they are.
        given: the claims of every grant.
        spent: those that were redeemed.
    """

    home: FakeBooks
    there: FakeBooks
    audience: str
    client_id: str
    scopes: frozenset[str]
    kind: GrantKind = "id_jag"
    given: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])
    spent: set[str] = field(default_factory=set[str])

    def issued_at(self, grant: str) -> int:
        """Return when a grant was made, in seconds since the epoch."""
        return cast("int", self.given[grant]["iat"])


def grant_of(agreed: Agreement, asked: Asked, subject: JsonObject, *, jkt: str | None) -> str:
    """Return a new grant (ID-JAG section 3.1, identity chaining section 2.3.3), which the other server knows
    from now on.
    """
    home, now = agreed.home, int(agreed.home.world.now())
    plain = agreed.kind == "jwt"
    claims: JsonObject = {
        "iss": home.issuer,
        "aud": agreed.there.issuer,
        "client_id": agreed.client_id,
        "jti": home.world.new_id(),
        "iat": now,
        "exp": now + LIFE,
        **_granted(asked),
        **({"act": _acting(home, asked.client_id)} if plain else {"resource": agreed.audience}),
        **{name: subject[name] for name in _TOLD[agreed.kind] if name in subject},
        **({} if jkt is None else {"cnf": {"jkt": jkt}}),
    }
    grant = home.sealed(claims, typ=TYPES[agreed.kind])
    agreed.given[grant] = claims
    return grant


def token_of(agreed: Agreement, asked: Asked, grant: JsonObject, *, jkt: str | None) -> JsonObject:
    """Return the claims of the token that comes of a grant: a token of the person, given to this client.

    Of a plain one the client is who acts, and whoever acted there stays behind it.
    """
    there = agreed.there
    now, name, who = int(there.world.now()), there.world.new_id(), str(grant["sub"])
    plain = agreed.kind == "jwt"
    acting: JsonObject = {**_acting(there, asked.client_id), "act": grant["act"]} if plain else {}
    return {
        "iss": there.issuer,
        "aud": asked.to,
        "client_id": asked.client_id,
        "iat": now,
        "exp": now + LIFE,
        "jti": name,
        "lineage": lineage("", ("token", name), ("party", who), ("party", asked.client_id), since=now),
        "sub": who,
        **({"sub_profile": "user", "act": acting} if plain else _profile(grant)),
        **_granted(asked),
        **({} if jkt is None else {"cnf": {"jkt": jkt}}),
    }


def _granted(asked: Asked) -> JsonObject:
    scope: JsonObject = {"scope": " ".join(sorted(asked.scopes))} if asked.scopes else {}
    return {**scope, **_details(asked.authorization_details)}


def _details(details: Details) -> JsonObject:
    return {DETAILS: [dict(one) for one in details]} if details else {}


def _profile(grant: JsonObject) -> JsonObject:
    return {"sub_profile": grant["sub_profile"]} if "sub_profile" in grant else {}


def _acting(server: FakeBooks, client_id: str) -> dict[str, Json]:
    return {"iss": server.issuer, "sub": client_id, "sub_profile": "service"}
