"""Minting: what is permitted is what comes out, and what comes out otherwise never leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.fakes.changed import changed
from tests.fakes.house import IDP, ISSUER, NOW
from tests.fakes.ring import FakeRing

from actas.core.lineage import Lineage
from actas.core.party import Actor, Identity
from actas.core.permit import Permit
from actas.core.ports import SystemChance
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN
from actas.crypto import jose
from actas.issuers.access_token import AccessTokenIssuer
from actas.issuers.claims import PROFILE_OF, act_of
from actas.issuers.issuer import MintedWrong
from actas.subjects.chain import PROFILES

PERMIT = Permit(
    rules=("r",),
    policy="p",
    kind="delegation",
    client_id="orders",
    subject=Identity(ISSUER, "alice@acme.example"),
    subject_kind="person",
    origin=Identity(IDP, "id-alice"),
    actors=(Actor(Identity(ISSUER, "orders"), "service"), Actor(Identity(IDP, "bot"))),
    token_type=ACCESS_TOKEN,
    audience=("https://inventory.acme.example",),
    scope=frozenset({"b", "a"}),
    issued_at=NOW,
    expires_at=NOW + 60,
    not_after=NOW + 60,
    claims={"desk": "west"},
    txn="root",
    lineage=Lineage(("parents-mark",), NOW - 90),
)


class LyingRing(FakeRing):
    """Signs something other than it was given."""

    def __init__(self, lie: Callable[[dict[str, Any]], dict[str, Any]], typ: str | None = None) -> None:
        super().__init__()
        self.lie = lie
        self.typ = typ

    async def sign(self, claims: Any, *, typ: str, purpose: Any, algorithm: Any = None) -> Secret:
        return await super().sign(
            self.lie(dict(claims)), typ=self.typ or typ, purpose=purpose, algorithm=algorithm
        )


async def claims_of(permit: Permit) -> dict[str, Any]:
    issued = await AccessTokenIssuer(issuer=ISSUER, keys=FakeRing(), chance=SystemChance()).issue(permit)
    return dict(jose.parse(issued.token.reveal()).unverified_claims)


@pytest.mark.requirement("TX-121", "TX-124", "TX-54", "TX-64")
async def test_the_claims_are_those_of_the_permit() -> None:
    claims = await claims_of(PERMIT)
    lineage = claims.pop("lineage")
    own = FakeRing().mark("token", ISSUER, claims.pop("jti"))
    assert lineage == f"{NOW - 90} {own} parents-mark"
    assert claims == {
        "iss": ISSUER,
        "aud": "https://inventory.acme.example",
        "sub": "alice@acme.example",
        "sub_profile": "user",
        "sub_id": {"format": "iss_sub", "iss": IDP, "sub": "id-alice"},
        "client_id": "orders",
        "scope": "a b",
        "iat": NOW,
        "exp": NOW + 60,
        "txn": "root",
        "desk": "west",
        "act": {
            "iss": ISSUER,
            "sub": "orders",
            "sub_profile": "service",
            "act": {"iss": IDP, "sub": "bot"},
        },
    }


async def test_a_lineage_without_a_root_begins_with_the_token_itself() -> None:
    claims = await claims_of(changed(PERMIT, txn=None))
    assert claims["txn"] == claims["jti"]


async def test_what_there_is_none_of_is_left_out() -> None:
    bare = changed(PERMIT, actors=(), origin=PERMIT.subject, subject_kind="unknown", audience=("a", "b"))
    claims = await claims_of(bare)
    assert claims["aud"] == ["a", "b"]
    assert not {"act", "sub_id", "sub_profile"} & claims.keys()


@pytest.mark.requirement("SEC-49")
async def test_a_claim_that_a_rule_added_never_replaces_one_of_ours() -> None:
    """The policy refuses such rules; if one came through all the same, ours is written over it."""
    claims = await claims_of(changed(PERMIT, claims={"sub": "eve", "exp": NOW + 10_000, "scope": "admin"}))
    assert (claims["sub"], claims["exp"], claims["scope"]) == ("alice@acme.example", NOW + 60, "a b")


@pytest.mark.requirement("SEC-43", "SEC-01")
@pytest.mark.parametrize(
    "lie",
    [
        {"sub": "eve"},
        {"scope": "a b c"},
        {"exp": NOW + 61},
        {"aud": "https://else.example"},
        {"act": None},
        {"act": {"sub": "x"}},
        {"client_id": "web"},
        {"iss": "https://else.example"},
        {"extra": 1},
        {"jti": "other"},
    ],
)
async def test_a_token_that_differs_from_its_permit_never_leaves(lie: dict[str, Any]) -> None:
    def tell(claims: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in {**claims, **lie}.items() if value is not None}

    issuer = AccessTokenIssuer(issuer=ISSUER, keys=LyingRing(tell), chance=SystemChance())
    with pytest.raises(MintedWrong, match="not those that were signed"):
        await issuer.issue(PERMIT)


@pytest.mark.requirement("TX-120", "SEC-22")
async def test_a_token_of_another_type_never_leaves() -> None:
    issuer = AccessTokenIssuer(issuer=ISSUER, keys=LyingRing(dict, typ="JWT"), chance=SystemChance())
    with pytest.raises(MintedWrong, match="header"):
        await issuer.issue(PERMIT)


@pytest.mark.requirement("SEC-43", "TX-49", "SEC-02")
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"expires_at": NOW + 61}, "outlive"),
        ({"expires_at": NOW}, "never be valid"),
        ({"expires_at": NOW - 1}, "never be valid"),
        ({"scope": frozenset()}, "for nothing"),
        ({"audience": ()}, "for nothing"),
    ],
)
async def test_a_permit_that_contradicts_itself_is_not_minted(change: dict[str, Any], why: str) -> None:
    with pytest.raises(MintedWrong, match=why):
        await claims_of(changed(PERMIT, **change))


@pytest.mark.requirement("TX-56")
def test_a_chain_is_nested_newest_outermost() -> None:
    actors = tuple(Actor(Identity(ISSUER, name)) for name in "cba")
    assert act_of(actors) == {
        "iss": ISSUER,
        "sub": "c",
        "act": {"iss": ISSUER, "sub": "b", "act": {"iss": ISSUER, "sub": "a"}},
    }
    with pytest.raises(ValueError, match="nobody"):
        act_of(())


@pytest.mark.requirement("TX-64")
def test_what_is_written_about_a_party_is_read_back_as_the_same() -> None:
    assert {kind: PROFILES[word] for kind, word in PROFILE_OF.items()} == {kind: kind for kind in PROFILE_OF}
