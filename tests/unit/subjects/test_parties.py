"""What the validators make of genuine tokens, and of the client itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import APIS, CLIENTS, CORP, IDP, ISSUER, NOW, ORDERS, House

from actas.core.errors import BadToken
from actas.core.lineage import Lineage
from actas.core.party import ANY_CLIENT, OURSELVES, Actor, Identity, Party, PresentedToken
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, JWT, SAML2, TokenType
from actas.subjects.itself import party_of


async def proven(house: House, token: str, declared: TokenType) -> Party:
    return await house.validators.prove(PresentedToken(declared, Secret(token), "subject"))


@pytest.mark.requirement("SEC-24", "TX-32")
async def test_an_id_token_becomes_a_person_of_ours() -> None:
    house = House()
    token = house.id_token(nonce="n", jti="j-1", act={"sub": "bot"})
    party = await proven(house, token, ID_TOKEN)
    assert party.identity == Identity(ISSUER, "alice@acme.example")
    assert party.origin == Identity(IDP, "id-alice")
    assert (party.kind, party.issuer_name, party.token_type) == ("person", "corp-idp", ID_TOKEN)
    assert (party.audience, party.presenters, party.client_id) == (("acme-web",), ANY_CLIENT, None)
    assert (party.expires_at, party.issued_at, party.groups) == (NOW + 600, NOW, ("support",))
    assert party.actors == (Actor(Identity(IDP, "bot")),)
    assert (party.token_id, party.digest, party.txn) == ("j-1", house.ring.digest(token), None)
    assert not party.is_ours


async def test_a_token_of_ours_becomes_who_it_says() -> None:
    house = House()
    token = house.our_token(sub_id={"format": "iss_sub", "iss": IDP, "sub": "id-alice"})
    party = await proven(house, token, ACCESS_TOKEN)
    assert party.identity == Identity(ISSUER, "alice@acme.example")
    assert party.origin == Identity(IDP, "id-alice")
    assert (party.issuer_name, party.audience, party.presenters) == (OURSELVES, (ORDERS,), None)
    assert (party.client_id, party.txn, party.token_id) == ("assistant", "root-1", "parent-1")
    assert party.scope == frozenset({"orders:read", "orders:write"})
    assert party.is_ours


@pytest.mark.requirement("SEC-21")
async def test_presenters_come_from_the_registration() -> None:
    audiences = {"a": frozenset({"web"}), "b": frozenset({"orders"}), "c": None}
    house = House(issuers=(replace(CORP, audiences=audiences),))
    for audience, presenters in (("a", {"web"}), (["a", "b"], {"web", "orders"}), (["a", "c"], ANY_CLIENT)):
        party = await proven(house, house.id_token(typ="at+jwt", aud=audience), JWT)
        assert party.presenters == presenters
    assert (await proven(house, house.id_token(typ="at+jwt", aud=["a", "z"]), JWT)).presenters == frozenset(
        {"web"}
    )


@pytest.mark.requirement("SEC-22", "SEC-02")
@pytest.mark.parametrize(
    ("declared", "claim"),
    [
        (ID_TOKEN, {"scope": "a"}),
        (ID_TOKEN, {"scp": ["a"]}),
        (ID_TOKEN, {"client_id": "x"}),
        (ID_TOKEN, {"events": {}}),
        (ID_TOKEN, {"cnf": {}}),
        (JWT, {"nonce": "n"}),
        (JWT, {"at_hash": "h"}),
        (JWT, {"c_hash": "h"}),
        (JWT, {"s_hash": "h"}),
        (JWT, {"events": {}}),
        (JWT, {"cnf": {}}),
    ],
)
async def test_a_claim_of_another_type_of_token_gives_it_away(
    declared: TokenType, claim: dict[str, Any]
) -> None:
    house = House()
    with pytest.raises(BadToken):
        await proven(house, house.id_token(**claim), declared)


@pytest.mark.requirement("SEC-19")
async def test_age_and_life_are_bounded_by_the_registration() -> None:
    house = House(issuers=(replace(CORP, max_age=60, max_life=600),))
    assert (await proven(house, house.id_token(iat=NOW - 60, exp=NOW + 10), ID_TOKEN)).issued_at == NOW - 60
    for times in ({"iat": NOW - 91, "exp": NOW + 10}, {"iat": NOW, "exp": NOW + 601}):
        with pytest.raises(BadToken) as refused:
            await proven(house, house.id_token(**times), ID_TOKEN)  # type: ignore[arg-type]
        assert refused.value.why == "expired"


async def test_an_issuer_may_be_registered_for_further_types_of_jwt() -> None:
    issuer = replace(CORP, token_types=frozenset({"badge+jwt"}))
    house = House(issuers=(issuer,))
    assert (await proven(house, house.id_token(typ="badge+jwt"), JWT)).token_type == JWT
    assert (await proven(house, house.id_token(typ="at+jwt"), JWT)).token_type == JWT
    with pytest.raises(BadToken):
        await proven(house, house.id_token(typ="badge+jwt", nonce="n"), ID_TOKEN)


@pytest.mark.requirement("TX-41")
async def test_a_type_that_nobody_reads_is_refused() -> None:
    with pytest.raises(BadToken, match="not read here"):
        await proven(House(), "x", SAML2)


def test_a_client_is_a_party_that_needs_no_token() -> None:
    orders = next(one for one in CLIENTS if one.name == "orders")
    party = party_of(orders, issuer=ISSUER, api=APIS[0], lineage=Lineage())
    assert (party.identity, party.kind, party.is_ours) == (Identity(ISSUER, "orders"), "service", True)
    assert (party.audience, party.client_id, party.expires_at) == ((ORDERS,), "orders", 0)
    assert dict(party.claims) == {"iss": ISSUER, "sub": "orders", "client_id": "orders"}
    assert party_of(orders, issuer=ISSUER, api=None, lineage=Lineage()).audience == ()
