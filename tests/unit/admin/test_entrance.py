"""Who is let in to manage: only a client that speaks for itself and still holds its role (SEC-48, SEC-80)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from tests.fakes.forge import b64
from tests.fakes.house import ISSUER, NOW, House
from tests.fakes.prover import Prover, x5t

from actas.admin.entrance import Entrance, require
from actas.admin.record import Author
from actas.clients.dpop import ProofChecker
from actas.core.administrators import Administrators
from actas.core.confirmation import Confirmation
from actas.core.errors import (
    BadToken,
    InsufficientScope,
    InvalidDpopProof,
    InvalidToken,
    StoreUnavailable,
    UseDpopNonce,
)
from actas.core.lineage import Lineage
from actas.core.opaque import REFERENCE, REFRESH, new_text
from actas.core.party import Actor, Caller, Identity, MayAct, Party, PresentedToken
from actas.core.ports import SystemChance
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN

DIRECTORY = House(administrators=Administrators(clients={"hand": "operator", "chief": "owner"})).catalog


def party(**changes: Any) -> Party:
    """The party of a good token of the operator."""
    name = changes.pop("name", "hand")
    base: dict[str, Any] = {
        "identity": Identity(ISSUER, name),
        "origin": Identity(ISSUER, name),
        "origin_name": "actas",
        "kind": "service",
        "issuer_name": "actas",
        "token_type": ACCESS_TOKEN,
        "audience": (f"{ISSUER}/api",),
        "client_id": name,
        "expires_at": 2_000_000_000,
        "issued_at": 1_000_000_000,
        "claims": {},
        "scope": frozenset({"actas:auditor", "actas:operator"}),
        "token_id": "t-1",
        "lineage": Lineage(),
    }
    return Party(**{**base, **changes})


class Counting:
    """Proves nothing, and counts who is asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def validate(self, token: PresentedToken) -> Party:
        self.asked.append(token.value.reveal())
        raise BadToken("there is no such token")


class Saying:
    """Proves every token to be the same party's."""

    def __init__(self, found: Party | BadToken) -> None:
        self._found = found

    async def validate(self, token: PresentedToken) -> Party:
        if isinstance(self._found, BadToken):
            raise self._found
        return self._found


API = f"{ISSUER}/api/v1/whoami"
TOKEN = "a.bound.token"


def entrance(found: Party | BadToken | Counting, *, proofs: ProofChecker | None = None) -> Entrance:
    return Entrance(
        issuer=ISSUER,
        tokens=found if isinstance(found, Counting) else Saying(found),
        proofs=proofs or House().proofs,
        directory=DIRECTORY,
        fresh=lambda: None,
    )


async def enter(door: Entrance, header: str | None = "Bearer x", *proofs: str, **more: Any) -> Author:
    caller = Caller(
        address="127.0.0.1",
        authorization=None if header is None else Secret(header),
        proofs=tuple(Secret(one) for one in proofs),
        **more,
    )
    return await door.enter(caller, method="GET", url=API)


@pytest.mark.requirement("SEC-08")
async def test_no_stranger_has_the_database_asked_for_tokens_that_he_made_up() -> None:
    counting = Counting()
    for token in (new_text(REFERENCE, SystemChance()), new_text(REFRESH, SystemChance())):
        with pytest.raises(InvalidToken):
            await enter(entrance(counting), f"Bearer {token}")
    assert not [one for one in counting.asked if one.startswith(REFERENCE)]


async def test_a_client_that_speaks_for_itself_is_let_in() -> None:
    author = await enter(entrance(party()))
    assert (author.client, author.role, author.token) == ("hand", "operator", "t-1")
    assert author.source == "127.0.0.1"


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": (ISSUER,)},
        {"audience": (f"{ISSUER}/api", "https://orders.acme.example")},
        {"audience": ()},
        {"actors": (Actor(Identity(ISSUER, "assistant"), "agent"),)},
        {"may_act": MayAct({"sub": "assistant"})},
        {"identity": Identity(ISSUER, "alice@acme.example"), "kind": "person"},
        {"identity": Identity(ISSUER, "chief")},
        {"origin": Identity("https://idp.acme.example", "hand")},
        {"kind": "person"},
        {"client_id": None},
        {"scope": frozenset()},
        {"scope": frozenset({"orders:read"})},
        {"name": "stranger"},
        {"confirmation": Confirmation(jkt="x" * 43)},
        {"confirmation": Confirmation(x5t="x" * 43)},
    ],
)
async def test_everybody_else_is_not(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        await enter(entrance(party(**changes)))


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "DPoP ", "Basic eDp5", "x"])
async def test_without_an_access_token_nobody_is(header: str | None) -> None:
    with pytest.raises(InvalidToken):
        await enter(entrance(party()), header)


# Tokens that are bound to a key.


def bound_to(prover: Prover) -> Party:
    return party(confirmation=Confirmation(jkt=prover.jkt))


def ath(token: str = TOKEN) -> str:
    return b64(hashlib.sha256(token.encode()).digest())


async def test_whoever_proves_the_key_for_this_very_request_is_let_in_once() -> None:
    prover = Prover()
    door = entrance(bound_to(prover))
    proof = prover.proof(htm="GET", htu=API, ath=ath())
    assert (await enter(door, f"DPoP {TOKEN}", proof)).client == "hand"
    with pytest.raises(InvalidDpopProof, match="used before"):
        await enter(door, f"dpop {TOKEN}", proof)


@pytest.mark.parametrize(
    "changed",
    [
        {"htm": "POST"},
        {"htu": f"{ISSUER}/token"},
        {"htu": f"{ISSUER}/api/v1/clients"},
        {"htu": "https://elsewhere.example/api/v1/whoami"},
        {"ath": ...},
        {"ath": ath("another")},
        {"iat": NOW - 61},
        {"iat": NOW + 31},
        {"jti": ...},
    ],
)
async def test_a_proof_for_anything_else_is_refused(changed: dict[str, Any]) -> None:
    prover = Prover()
    proof = prover.proof(**{"htm": "GET", "htu": API, "ath": ath(), **changed})
    with pytest.raises(InvalidDpopProof):
        await enter(entrance(bound_to(prover)), f"DPoP {TOKEN}", proof)


async def test_whoever_stole_a_bound_token_is_not_let_in() -> None:
    owner, thief = Prover(), Prover()
    door = entrance(bound_to(owner))
    with pytest.raises(InvalidToken, match="shown as a bearer token"):
        await enter(door, f"Bearer {TOKEN}")
    with pytest.raises(InvalidToken, match="shown as a bearer token"):
        await enter(door, f"Bearer {TOKEN}", owner.proof(htm="GET", htu=API, ath=ath()))
    with pytest.raises(InvalidToken, match="proves no key"):
        await enter(door, f"DPoP {TOKEN}")
    with pytest.raises(InvalidToken, match="the request proves DPoP key"):
        await enter(door, f"DPoP {TOKEN}", thief.proof(htm="GET", htu=API, ath=ath()))
    with pytest.raises(InvalidDpopProof, match="several"):
        await enter(door, f"DPoP {TOKEN}", *(owner.proof(htm="GET", htu=API, ath=ath()) for _ in range(2)))


async def test_a_token_without_a_key_is_not_shown_as_one_with() -> None:
    prover = Prover()
    with pytest.raises(InvalidToken, match="shown as bound"):
        await enter(entrance(party()), f"DPoP {TOKEN}", prover.proof(htm="GET", htu=API, ath=ath()))


async def test_a_token_of_a_certificate_comes_over_its_connection() -> None:
    certificate = b"a certificate in DER"
    door = entrance(party(confirmation=Confirmation(x5t=x5t(certificate))))
    assert (await enter(door, certificate=certificate)).client == "hand"
    for other in (None, b"another"):
        with pytest.raises(InvalidToken, match="bound to the certificate"):
            await enter(door, certificate=other)
    with pytest.raises(InvalidToken, match="shown as bound to a DPoP key"):
        await enter(door, f"DPoP {TOKEN}", certificate=certificate)


async def test_where_nonces_are_asked_for_a_proof_needs_one() -> None:
    prover, house = Prover(), House(nonce_required=True)
    door = entrance(bound_to(prover), proofs=house.proofs)
    with pytest.raises(UseDpopNonce):
        await enter(door, f"DPoP {TOKEN}", prover.proof(htm="GET", htu=API, ath=ath()))
    proof = prover.proof(htm="GET", htu=API, ath=ath(), nonce=house.nonces.fresh())
    assert (await enter(door, f"DPoP {TOKEN}", proof)).client == "hand"


async def test_a_token_that_is_not_proven_is_none() -> None:
    with pytest.raises(InvalidToken, match="forged"):
        await enter(entrance(BadToken("forged")))


async def test_the_lower_of_the_role_and_the_token_counts() -> None:
    low = await enter(entrance(party(scope=frozenset({"actas:auditor"}))))
    assert low.role == "auditor"
    high = await enter(entrance(party(scope=frozenset({"actas:owner"}))))
    assert high.role == "operator"
    with pytest.raises(InsufficientScope) as caught:
        require(low, "operator", doing="a change")
    said = "hand is auditor, and a change wants operator"
    assert caught.value.detail == f"{said}: a role given since, or not asked for: actas login again"
    with pytest.raises(InsufficientScope) as caught:
        require(low, "owner", doing="a change")  # another login would not help
    assert caught.value.detail == "hand is auditor, and a change wants owner"


async def test_a_node_that_may_be_out_of_date_lets_nobody_in() -> None:
    def stale() -> None:
        raise StoreUnavailable("not read for 6 s")

    door = Entrance(
        issuer=ISSUER,
        tokens=Saying(party()),
        proofs=House().proofs,
        directory=DIRECTORY,
        fresh=stale,
    )
    with pytest.raises(StoreUnavailable):
        await enter(door)
