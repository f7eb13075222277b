"""RFC 8693 sections 2.1 and 3: whose token it is, of which type, and whether it is genuine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import (
    CLIENTS,
    CORP,
    FROM_CORP,
    IDP_KEY,
    INVENTORY,
    ISSUER,
    NOW,
    ORDERS,
    RULES,
    House,
    allow,
    client,
)

from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, JWT
from actas.crypto import jose

AT = "at+jwt"
TRANSLATE = allow("translate", "translation", "helpdesk", "orders", subject=FROM_CORP)
READ = {"audience": "inventory", "scope": "stock:read"}


def house(**how: Any) -> House:
    """The company, with a rule that makes foreign tokens ours."""
    return House(**{"rules": (*RULES, TRANSLATE), **how})


def foreign(home: House, **claims: Any) -> str:
    """Another authorization server's access token."""
    return home.id_token(typ=AT, client_id="their-client", scope="their:scope", **claims)


@pytest.mark.requirement("TX-30")
async def test_an_access_token_is_one_of_ours() -> None:
    home = house()
    assert (await home.claims("orders", home.our_token(), **READ))["aud"] == INVENTORY
    error = await home.refused(
        "helpdesk", foreign(home), subject_token_type=str(ACCESS_TOKEN), audience="orders"
    )
    assert (error.code, error.reason) == ("invalid_request", "bad_subject")


@pytest.mark.requirement("TX-30", "TX-32")
async def test_a_foreign_access_token_is_presented_as_jwt() -> None:
    home = house()
    claims = await home.claims("helpdesk", foreign(home), subject_token_type=str(JWT), audience="orders")
    assert claims["sub"] == "alice@acme.example"
    error = await home.refused("orders", home.our_token(), subject_token_type=str(JWT), audience="inventory")
    assert error.reason == "bad_subject"


@pytest.mark.requirement("TX-32")
async def test_an_id_token_is_presented_as_id_token() -> None:
    home = house()
    token = home.id_token(nonce="n-1")
    claims = await home.claims("helpdesk", token, subject_token_type=str(ID_TOKEN), audience="orders")
    assert claims["sub_id"]["sub"] == "id-alice"
    error = await home.refused("helpdesk", token, subject_token_type=str(JWT), audience="orders")
    assert error.reason == "bad_subject"


@pytest.mark.requirement("TX-31", "TX-33", "TX-34", "TX-35")
@pytest.mark.parametrize("role", ["subject", "actor"])
@pytest.mark.parametrize(
    "declared",
    [
        "urn:ietf:params:oauth:token-type:saml1",
        "urn:ietf:params:oauth:token-type:saml2",
        "urn:ietf:params:oauth:token-type:id-jag",
        "urn:ietf:params:oauth:token-type:txn_token",
        "https://acme.example/tokens/badge",
        "jwt",
        "URN:IETF:PARAMS:OAUTH:TOKEN-TYPE:JWT",
    ],
)
async def test_a_type_that_is_not_read_here_is_refused(role: str, declared: str) -> None:
    home = house()
    sent = {"subject_token_type": declared} if role == "subject" else {"actor_token_type": declared}
    if role == "actor":
        sent["actor_token"] = home.our_token()
    error = await home.refused("orders", home.our_token(), **READ, **sent)
    assert (error.code, error.reason) == ("invalid_request", "unknown_profile")


@pytest.mark.requirement("TX-40", "TX-44")
@pytest.mark.parametrize("role", ["subject", "actor"])
@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW - 1}, "expired"),
        ({"iat": NOW + 3600, "exp": NOW + 7200}, "expired"),
        ({"nbf": NOW + 3600}, "expired"),
        ({"iss": "https://sts.acme.example/"}, "bad"),
        ({"sub": ""}, "bad"),
        ({"aud": None}, "bad"),
        ({"client_id": None}, "bad"),
        ({"exp": None}, "bad"),
        ({"iat": None}, "bad"),
        ({"jti": None}, "bad"),
        ({"scope": ["stock:read"]}, "bad"),
        ({"cnf": {"jkt": "x"}}, "bad"),
    ],
)
async def test_subject_and_actor_token_go_through_the_same_validation(
    role: str, claims: dict[str, Any], reason: str
) -> None:
    home = house()
    bad = home.our_token(**claims)
    subject = bad if role == "subject" else home.our_token()
    actor = {} if role == "subject" else {"actor_token": bad, "actor_token_type": str(ACCESS_TOKEN)}
    error = await home.refused("orders", subject, **READ, **actor)
    assert error.reason == (f"bad_{role}" if reason == "bad" else reason)


@pytest.mark.requirement("TX-41")
async def test_the_declared_type_is_not_corrected_by_what_the_token_looks_like() -> None:
    home = house()
    for declared in (ID_TOKEN, JWT):
        error = await home.refused("orders", home.our_token(), subject_token_type=str(declared), **READ)
        assert error.reason == "bad_subject"


@pytest.mark.requirement("TX-42", "SEC-16")
async def test_an_algorithm_the_issuer_is_not_registered_for_is_refused() -> None:
    rsa = jose.PrivateKey.generate("RS256")
    issuer = replace(CORP, keys=(IDP_KEY.public.jwk(), rsa.public.jwk()))
    home = house(issuers=(issuer,))
    error = await home.refused(
        "helpdesk", home.id_token(key=rsa), subject_token_type=str(ID_TOKEN), audience="orders"
    )
    assert error.reason == "bad_subject"
    assert "not registered for RS256" in error.detail


@pytest.mark.requirement("TX-44", "SEC-19")
async def test_skew_is_bounded_for_foreign_tokens_and_nil_for_ours() -> None:
    home = house()
    ours = home.our_token(exp=NOW + 10)
    theirs = home.id_token(iat=NOW + 31)
    home.clock.advance(10)
    assert (await home.refused("orders", ours, **READ)).reason == "expired"
    assert (await home.claims("helpdesk", theirs, subject_token_type=str(ID_TOKEN), audience="orders"))[
        "iat"
    ] == NOW + 10
    home.clock.advance(-10)
    error = await home.refused("helpdesk", theirs, subject_token_type=str(ID_TOKEN), audience="orders")
    assert error.reason == "expired"


@pytest.mark.requirement("TX-44", "SEC-23", "SEC-52")
@pytest.mark.parametrize("gone", ["assistant", "web"])
async def test_a_token_is_inactive_once_a_client_in_it_is_disabled_or_gone(gone: str) -> None:
    token = House().our_token(
        client_id="web", act={"iss": ISSUER, "sub": "web", "act": {"iss": ISSUER, "sub": "assistant"}}
    )
    assert (await House().claims("orders", token, **READ))["aud"] == INVENTORY
    disabled = [replace(one, disabled=True) if one.name == gone else one for one in CLIENTS]
    removed = [one for one in CLIENTS if one.name != gone]
    for clients in (disabled, removed):
        error = await House(clients=clients).refused("orders", token, **READ)
        assert error.reason == "bad_subject"
        assert gone in error.detail


@pytest.mark.requirement("SEC-23")
async def test_a_client_that_is_the_subject_must_be_live_too() -> None:
    rule = allow("own", "delegation", "orders", "inventory")
    token = House().our_token(sub="gone", sub_profile="service", client_id="orders", act=None)
    error = await House(rules=(rule,)).refused("orders", token, **READ)
    assert (error.reason, "gone is disabled" in error.detail) == ("bad_subject", True)


@pytest.mark.requirement("TX-46", "SEC-21")
async def test_a_subject_token_is_for_the_requester_or_was_issued_to_it() -> None:
    rules = (*RULES, allow("other", "delegation", "web", "inventory"))
    home = House(rules=rules)
    assert (await home.claims("orders", home.our_token(), **READ))["act"]["sub"] == "orders"
    held = home.our_token(client_id="web", act=None)
    assert (await home.claims("web", held, **READ))["act"]["sub"] == "web"
    error = await home.refused("web", home.our_token(), **READ)
    assert (error.code, error.reason) == ("invalid_request", "wrong_audience")


@pytest.mark.requirement("TX-46")
async def test_a_client_that_is_no_api_has_no_audience_of_its_own() -> None:
    """A client's name is not an audience: a token for an API called like it is not for it."""
    stranger = client("stranger")
    rule = allow("stranger", "delegation", "stranger", "inventory")
    home = House(clients=(*CLIENTS, stranger), rules=(rule,))
    for audience in ("stranger", ORDERS, ["stranger", ISSUER]):
        error = await home.refused("stranger", home.our_token(aud=audience), **READ)
        assert error.reason == "wrong_audience"


@pytest.mark.requirement("TX-49", "SEC-43")
@pytest.mark.parametrize("left", [1, 60, 119, 120, 121, 3000])
async def test_the_new_token_ends_no_later_than_the_subject_token(left: int) -> None:
    home = house()
    claims = await home.claims("orders", home.our_token(exp=NOW + left), **READ)
    assert claims["exp"] == NOW + min(left, 120)
