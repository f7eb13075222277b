"""RFC 9068: our access tokens, as they are made and as they are believed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.forge import SigningKey, forge
from tests.fakes.house import (
    APIS,
    CLIENTS,
    CORP,
    INVENTORY,
    ISSUER,
    NOW,
    ORDERS,
    RULES,
    House,
    allow,
    client,
)

from actas.core.target import Api
from actas.core.wire import SigningAlgorithm
from actas.crypto import jose
from actas.store.catalog import Catalog

READ = {"audience": "inventory", "scope": "stock:read"}


@pytest.mark.requirement("TX-45", "SEC-22")
@pytest.mark.parametrize(
    "typ", ["JWT", "at", "id+jwt", "logout+jwt", "at+jwt+x", "dpop+jwt", "oauth-id-jag+jwt"]
)
async def test_a_token_of_ours_is_believed_only_with_its_type(typ: str) -> None:
    house = House()
    claims = jose.parse(house.our_token()).unverified_claims
    token = jose.sign(claims, key=house.ring.private(), typ=typ)
    assert (await house.refused("orders", token, **READ)).reason == "bad_subject"


@pytest.mark.requirement("TX-45")
@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "AT+JWT"])
async def test_the_type_may_be_written_as_a_media_type(typ: str) -> None:
    house = House()
    claims = jose.parse(house.our_token()).unverified_claims
    token = jose.sign(claims, key=house.ring.private(), typ=typ)
    assert (await house.claims("orders", token, **READ))["aud"] == INVENTORY


@pytest.mark.requirement("TX-45")
async def test_a_token_without_a_type_is_not_an_access_token() -> None:
    house, key = House(), SigningKey.generate()
    token = forge({"iss": ISSUER}, key=key, headers={"typ": ..., "kid": house.ring.private().kid})
    assert (await house.refused("orders", token, **READ)).reason == "bad_subject"


@pytest.mark.requirement("TX-120")
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
async def test_the_header_names_type_key_and_the_algorithm_of_the_api(algorithm: SigningAlgorithm) -> None:
    apis = [replace(api, algorithm=algorithm) for api in APIS]
    house = House(apis=apis)
    answer = await house.ask("orders", house.our_token(), **READ)
    text = str(answer.body["access_token"])
    jws = jose.parse(text)
    key = house.ring.private("token", algorithm).public
    assert dict(jws.unverified_header) == {"typ": "at+jwt", "alg": algorithm, "kid": key.kid}
    assert jose.verify(jws, key=key, types=frozenset({"at+jwt"}), issuer=ISSUER, now=NOW)


@pytest.mark.requirement("TX-120")
async def test_two_apis_that_want_different_algorithms_get_the_default() -> None:
    archive = Api(name="archive", audience="urn:archive", scopes={"stock:read": ""}, algorithm="EdDSA")
    apis = (replace(APIS[1], algorithm="RS256"), archive)
    who = client("orders", api="inventory", apis=frozenset({"inventory", "archive"}))
    rules = (allow("a", "delegation", "orders", "inventory", apis=frozenset({"inventory", "archive"})),)
    house = House(apis=apis, clients=(who, *CLIENTS[:1]), rules=rules)
    answer = await house.ask("orders", house.our_token(aud=INVENTORY), audience=["inventory", "archive"])
    assert jose.parse(str(answer.body["access_token"])).unverified_algorithm == house.ring.default


@pytest.mark.requirement("TX-121", "TX-124")
async def test_every_claim_of_the_profile_is_there() -> None:
    house = House()
    claims = await house.claims("orders", house.our_token(), **READ)
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope"} <= claims.keys()
    assert (claims["iss"], claims["iat"]) == (ISSUER, NOW)


@pytest.mark.requirement("TX-121")
async def test_no_two_tokens_have_one_id() -> None:
    house = House()
    ids = {(await house.claims("orders", house.our_token(), **READ))["jti"] for _ in range(50)}
    assert len(ids) == 50
    assert min(map(len, ids)) >= 22


@pytest.mark.requirement("TX-122")
@pytest.mark.parametrize(
    ("named", "audience"),
    [({"audience": "inventory"}, INVENTORY), ({"resource": INVENTORY}, INVENTORY), ({}, INVENTORY)],
)
async def test_aud_is_what_was_asked_for_or_what_the_scope_says(named: dict[str, str], audience: str) -> None:
    house = House()
    assert (await house.claims("orders", house.our_token(), scope="stock:read", **named))["aud"] == audience


@pytest.mark.requirement("TX-122")
async def test_scopes_that_point_at_several_apis_are_an_invalid_scope() -> None:
    house = House()
    for scope in ("stock:read orders:read", "nothing:known"):
        error = await house.refused("orders", house.our_token(), scope=scope)
        assert (error.code, error.reason) == ("invalid_scope", "excess")


@pytest.mark.requirement("TX-122")
async def test_a_scope_that_two_apis_have_names_neither() -> None:
    twin = Api(name="twin", audience="urn:twin", scopes={"stock:read": ""})
    who = client("orders", api="orders", apis=frozenset({"inventory", "twin"}))
    house = House(apis=(*APIS, twin), clients=(who, *CLIENTS[:1]), rules=RULES)
    error = await house.refused("orders", house.our_token(), scope="stock:read")
    assert (error.code, error.reason) == ("invalid_scope", "excess")


@pytest.mark.requirement("TX-122")
async def test_neither_target_nor_scope_is_an_invalid_target_unless_only_one_is_open() -> None:
    house = House()
    error = await house.refused("orders", house.our_token())
    assert (error.code, error.reason) == ("invalid_target", "unknown_target")
    single = client("orders", api="orders", apis=frozenset({"inventory"}))
    house = House(clients=(single, *CLIENTS[:1]))
    assert (await house.claims("orders", house.our_token()))["aud"] == INVENTORY


@pytest.mark.requirement("TX-123")
def test_two_apis_never_share_an_audience() -> None:
    twin = replace(APIS[0], name="twin")
    with pytest.raises(ValueError, match="same audience"):
        Catalog(clients=(), apis=(APIS[0], twin), issuers=(), rules=(), defaults=House().defaults, digest="d")


@pytest.mark.parametrize("twice", ["clients", "apis", "issuers"])
def test_two_things_of_one_kind_never_share_a_name(twice: str) -> None:
    parts: dict[str, Any] = {"clients": CLIENTS, "apis": APIS, "issuers": (CORP,)}
    other = {"apis": replace(APIS[0], audience="urn:other")}.get(twice, parts[twice][0])
    with pytest.raises(ValueError, match="name"):
        Catalog(**{**parts, twice: (*parts[twice], other)}, rules=(), defaults=House().defaults, digest="d")


@pytest.mark.requirement("TX-125")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": f"{ISSUER}/"},
        {"iss": ISSUER.upper()},
        {"exp": NOW},
        {"aud": "https://else.acme.example"},
    ],
)
async def test_we_believe_our_own_tokens_no_more_than_a_resource_server_would(
    changes: dict[str, Any],
) -> None:
    house = House()
    error = await house.refused("orders", house.our_token(**changes), **READ)
    assert error.reason in ("bad_subject", "expired", "wrong_audience")


@pytest.mark.requirement("TX-125", "SEC-16")
async def test_a_signature_by_anybody_else_under_our_key_id_is_refused() -> None:
    house, stranger = House(), SigningKey.generate()
    claims = dict(jose.parse(house.our_token()).unverified_claims)
    forged = forge(claims, key=stranger.named(house.ring.private().kid), headers={"typ": "at+jwt"})
    assert (await house.refused("orders", forged, **READ)).reason == "bad_subject"
    assert claims["aud"] == ORDERS
