"""A good token in the wrong hands.

A service is handed a token that was issued to, or for, somebody else: it leaked in a log, a malicious
service forwarded it, a confused one sent it to the wrong place. Its signature is perfect. Where the exchange
looks at the signature only, the thief trades it for a token of his own and is laundered into a legitimate
caller (CVE-2026-55669, CVE-2026-56668, Keycloak #51000 and #51004). The same splice works with two honest
flows: Alice's token of one client with Bob's client, in any mixture.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import (
    CLIENTS,
    CORP,
    FROM_CORP,
    FROM_OURS,
    INVENTORY,
    ISSUER,
    ORDERS,
    RULES,
    House,
    allow,
)

from actas.core.wire import ID_TOKEN, JWT

EVERYBODY = tuple(
    allow(f"{kind}-{who}", kind, who, api, subject=subject)
    for who in ("assistant", "orders", "inventory", "web", "helpdesk")
    for api in ("orders", "inventory")
    for kind, subject in (
        ("delegation", FROM_OURS),
        ("impersonation", FROM_OURS),
        ("downscope", FROM_OURS),
        ("translation", FROM_CORP),
    )
)
"""Rules that allow everybody everything: only the musts of the specifications are left."""


@pytest.mark.requirement("SEC-21", "TX-46")
@pytest.mark.parametrize("thief", ["web", "helpdesk", "inventory"])
async def test_a_token_issued_to_one_client_for_another_is_no_third_ones(thief: str) -> None:
    house = House(rules=EVERYBODY)
    stolen = house.our_token(act=None)
    for target in ("orders", "inventory"):
        error = await house.refused(thief, stolen, audience=target)
        assert (error.code, error.reason) == ("invalid_request", "wrong_audience")
        assert house.writer.events[-1]["reason"] == "wrong_audience"


@pytest.mark.requirement("SEC-21")
@pytest.mark.parametrize("audience", [None, [], "", [ORDERS, 7], {"0": ORDERS}])
async def test_a_token_without_an_audience_is_for_nobody(audience: Any) -> None:
    house = House(rules=EVERYBODY)
    assert (
        await house.refused("orders", house.our_token(aud=audience), audience="inventory")
    ).reason == "bad_subject"


@pytest.mark.requirement("SEC-20", "SEC-21")
@pytest.mark.parametrize(
    "audience", [ORDERS + "/", ORDERS.upper(), ORDERS[:-1], f"{ORDERS} {INVENTORY}", "orders", f" {ORDERS}"]
)
async def test_an_audience_that_looks_like_ours_is_not_ours(audience: str) -> None:
    house = House(rules=RULES)
    error = await house.refused("orders", house.our_token(aud=audience), audience="inventory")
    assert error.reason == "wrong_audience"


@pytest.mark.requirement("SEC-21")
@pytest.mark.parametrize("declared", [ID_TOKEN, JWT])
async def test_an_issuers_token_for_another_application_is_refused(declared: Any) -> None:
    house = House(rules=EVERYBODY)
    shape: dict[str, Any] = {"nonce": "n"} if declared == ID_TOKEN else {"client_id": "x"}
    for audience in ("their-app", ["their-app", "more"], ISSUER, "ACME-WEB"):
        token = house.id_token(aud=audience, azp=None, **shape)
        error = await house.refused("helpdesk", token, subject_token_type=str(declared), audience="orders")
        assert error.reason == "wrong_audience"


@pytest.mark.requirement("SEC-21", "SEC-51")
async def test_two_honest_flows_do_not_mix() -> None:
    """Alice works through ``web``, Bob through ``helpdesk``; each token is its own client's alone."""
    issuer = replace(CORP, audiences={"acme-web": frozenset({"web"}), "acme-desk": frozenset({"helpdesk"})})
    house = House(issuers=(issuer,), rules=EVERYBODY)
    for who, client, audience in (("alice", "web", "acme-web"), ("bob", "helpdesk", "acme-desk")):
        other = {"web": "helpdesk", "helpdesk": "web"}[client]
        token = house.id_token(who, aud=audience, nonce="n")
        how = {"subject_token_type": str(ID_TOKEN), "audience": "orders"}
        assert (await house.claims(client, token, **how))["sub"] == f"{who}@acme.example"
        assert (await house.refused(other, token, **how)).reason == "wrong_audience"
        ours = house.our_token(sub=f"{who}@acme.example", client_id=client, aud=INVENTORY, act=None)
        assert (await house.refused(other, ours, audience="orders")).reason == "wrong_audience"


@pytest.mark.requirement("SEC-21")
async def test_an_id_token_for_several_must_say_to_whom_it_was_issued() -> None:
    house = House(rules=EVERYBODY)
    how = {"subject_token_type": str(ID_TOKEN), "audience": "orders"}
    several = house.id_token(aud=["acme-web", "their-app"], nonce="n")
    assert (await house.refused("helpdesk", several, **how)).reason == "wrong_audience"
    to_them = house.id_token(aud=["acme-web", "their-app"], azp="their-app", nonce="n")
    assert (await house.refused("helpdesk", to_them, **how)).reason == "wrong_audience"
    to_us = house.id_token(aud=["acme-web", "their-app"], azp="acme-web", nonce="n")
    assert (await house.claims("helpdesk", to_us, **how))["sub"] == "alice@acme.example"


@pytest.mark.requirement("SEC-21")
async def test_azp_does_not_stand_in_for_an_audience_that_is_not_ours() -> None:
    house = House(rules=EVERYBODY)
    token = house.id_token(aud="their-app", azp="acme-web", nonce="n")
    error = await house.refused("helpdesk", token, subject_token_type=str(ID_TOKEN), audience="orders")
    assert error.reason == "wrong_audience"


@pytest.mark.requirement("SEC-21")
async def test_a_client_called_like_the_wildcard_gains_nothing() -> None:
    star = replace(next(one for one in CLIENTS if one.name == "web"), name="*")
    issuer = replace(CORP, audiences={"acme-web": frozenset({"*"})})
    house = House(clients=(*CLIENTS, star), issuers=(issuer,), rules=EVERYBODY)
    error = await house.refused(
        "helpdesk", house.id_token(nonce="n"), subject_token_type=str(ID_TOKEN), audience="orders"
    )
    assert error.reason == "wrong_audience"
