"""A token of one kind passed off as another.

An ID token says who signed in and is sent to a browser application; taken for an access token it opens an
API. A logout token, a client assertion, an identity-assertion grant, a proof of possession, a checkpoint of
the audit log: each is signed by a key that somebody trusts, for another purpose. Whoever looks at the
signature and the claims but not at the kind can be handed one for the other. So every kind that this product
makes or reads is presented here as every kind it reads, and only the diagonal passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from tests.fakes.forge import SigningKey, forge
from tests.fakes.house import (
    CLIENT_KEY,
    CLIENTS,
    CORP,
    FROM_CORP,
    FROM_OURS,
    IDP,
    IDP_KEY,
    ISSUER,
    NOW,
    ORDERS,
    PEOPLE,
    House,
    allow,
)

from actas.core.client import ClientAuth
from actas.core.errors import OAuthError
from actas.core.wire import (
    ACCESS_TOKEN,
    CLIENT_CREDENTIALS,
    ID_TOKEN,
    JWT,
    JWT_BEARER_CLIENT_ASSERTION,
    TOKEN_EXCHANGE,
)
from actas.crypto import jose

KEYED: Final = tuple(
    replace(one, auth=ClientAuth(method="private_key_jwt", keys=(CLIENT_KEY.public.jwk(),)))
    if one.name == "orders"
    else one
    for one in CLIENTS
)
RULES: Final = (
    allow("ours", "delegation", "orders", "inventory", subject=FROM_OURS),
    allow("theirs", "delegation", "orders", "inventory", subject=FROM_CORP),
    allow("own", "own", "orders", "inventory"),
)
BASE: Final[Mapping[str, Any]] = {
    "iss": IDP,
    "sub": "id-alice",
    "iat": NOW,
    "exp": NOW + 120,
    "aud": "acme-web",
}
ALICE: Final[Mapping[str, Any]] = {"email": "alice@acme.example", "email_verified": True, "groups": []}
LOGOUT: Final[Mapping[str, Any]] = {
    "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    "sid": "s",
}
OURS: Final[Mapping[str, Any]] = {
    "iss": ISSUER,
    "aud": ORDERS,
    "sub": "alice@acme.example",
    "client_id": "assistant",
    "scope": "orders:read",
    "iat": NOW,
    "exp": NOW + 120,
    "jti": "t-1",
    "txn": "t-1",
    "lineage": f"{NOW} {'t' * 12}",
}
ASSERTION: Final[Mapping[str, Any]] = {
    "iss": "orders",
    "sub": "orders",
    "aud": ISSUER,
    "iat": NOW,
    "exp": NOW + 60,
    "jti": "a-1",
}


def by_idp(typ: str, **claims: Any) -> str:
    return jose.sign({**BASE, **ALICE, **claims}, key=IDP_KEY, typ=typ)


def dpop_proof(_house: House) -> str:
    key = SigningKey.generate()
    claims = {"htm": "POST", "htu": f"{ISSUER}/token", "iat": NOW, "jti": "d-1"}
    return forge(claims, key=key, headers={"typ": "dpop+jwt", "jwk": key.jwk(), "kid": ...})


KINDS: Final[Mapping[str, Callable[[House], str]]] = {
    "our access token": lambda house: jose.sign(OURS, key=house.ring.private(), typ="at+jwt"),
    "our ID token": lambda house: house.our_id_token(aud="orders"),
    "foreign ID token": lambda _: by_idp("JWT", nonce="n", at_hash="h"),
    "foreign access token": lambda _: by_idp("at+jwt", client_id="x", scope="y"),
    "logout token": lambda _: by_idp("logout+jwt", jti="l", **LOGOUT),
    "logout token without a type": lambda _: by_idp("JWT", jti="l", **LOGOUT),
    "client assertion": lambda _: jose.sign(ASSERTION, key=CLIENT_KEY, typ="client-authentication+jwt"),
    "client assertion for an issuer's subject": lambda _: by_idp("client-authentication+jwt"),
    "identity assertion grant": lambda _: by_idp("oauth-id-jag+jwt", aud=ISSUER, client_id="orders", jti="j"),
    "proof of possession": dpop_proof,
    "audit checkpoint": lambda house: jose.sign(
        OURS, key=house.ring.private("audit"), typ="actas-checkpoint+jwt"
    ),
    "audit checkpoint made like an access token": lambda house: jose.sign(
        OURS, key=house.ring.private("audit"), typ="at+jwt"
    ),
    "security event": lambda _: by_idp("secevent+jwt", jti="e", events={"urn:x": {}}),
    "entity statement": lambda _: by_idp("entity-statement+jwt"),
    "transaction token": lambda _: by_idp("txntoken+jwt", txn="t"),
    "introspection answer": lambda _: by_idp("token-introspection+jwt", token_introspection={"active": True}),
}
"""Every kind that this product makes or reads, and those that its neighbours make."""

SLOTS: Final = ("access_token", "id_token", "jwt", "client assertion")

DIAGONAL: Final = {
    ("our access token", "access_token"),
    ("our ID token", "id_token"),
    ("foreign ID token", "id_token"),
    ("foreign access token", "jwt"),
    ("client assertion", "client assertion"),
}


async def passes(house: House, token: str, slot: str, role: str) -> bool:
    """Whether the pipeline takes ``token`` in a slot. What it is given then does not matter."""
    authenticated = {
        "client_assertion": house.assertion("orders", jti=f"real-{slot}-{role}"),
        "client_assertion_type": JWT_BEARER_CLIENT_ASSERTION,
    }
    form: dict[str, Any]
    if slot == "client assertion":
        form = {"grant_type": str(CLIENT_CREDENTIALS), **authenticated, "client_assertion": token}
    else:
        declared = {"access_token": ACCESS_TOKEN, "id_token": ID_TOKEN, "jwt": JWT}[slot]
        form = {
            "grant_type": str(TOKEN_EXCHANGE),
            **authenticated,
            "subject_token": house.our_token(act=None),
            "subject_token_type": str(ACCESS_TOKEN),
        }
        form |= {f"{role}_token": token, f"{role}_token_type": str(declared)}
    form["audience"] = "inventory"
    try:
        await house.post(form)
    except OAuthError as error:
        # Whatever refuses later does so because it believed the token.
        unproven = error.detail.startswith(f"{role} token: ") or error.reason == "bad_client_auth"
        return not unproven
    return True


@pytest.mark.requirement("SEC-22", "TX-41", "TX-32", "TX-45", "SEC-91")
@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize("kind", KINDS)
async def test_only_the_diagonal_passes(kind: str, slot: str) -> None:
    house = House(clients=KEYED, rules=RULES, people=PEOPLE)
    assert await passes(house, KINDS[kind](house), slot, "subject") == ((kind, slot) in DIAGONAL)


@pytest.mark.requirement("SEC-22", "TX-40")
@pytest.mark.parametrize("slot", SLOTS[:3])
@pytest.mark.parametrize("kind", KINDS)
async def test_only_the_diagonal_passes_as_actor_token(kind: str, slot: str) -> None:
    house = House(clients=KEYED, rules=RULES, people=PEOPLE)
    assert await passes(house, KINDS[kind](house), slot, "actor") == ((kind, slot) in DIAGONAL)


@pytest.mark.requirement("SEC-22", "TX-32")
@pytest.mark.parametrize("claims", [{}, {"aud": ["acme-web", "their-app"], "azp": "their-app"}])
async def test_a_bare_id_token_is_not_an_access_token_of_an_issuer_of_both(claims: dict[str, Any]) -> None:
    """Where an issuer's registration accepts both, a JWT without a sign of either is refused as ``jwt``."""
    house = House(clients=KEYED, rules=RULES, people=PEOPLE)
    assert CORP.accepts == {ID_TOKEN, JWT}
    assert not await passes(house, by_idp("JWT", **claims), "jwt", "subject")


@pytest.mark.requirement("SEC-22", "SEC-02")
@pytest.mark.parametrize("declared", [ID_TOKEN, JWT])
async def test_an_issuer_is_trusted_for_the_types_it_is_registered_for(declared: Any) -> None:
    other = JWT if declared == ID_TOKEN else ID_TOKEN
    house = House(issuers=(replace(CORP, accepts=frozenset({other})),), clients=KEYED, rules=RULES)
    token = by_idp("JWT", nonce="n") if declared == ID_TOKEN else by_idp("at+jwt", client_id="x")
    assert not await passes(house, token, "id_token" if declared == ID_TOKEN else "jwt", "subject")
