"""The pipeline, through its one door."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.house import INVENTORY, ISSUER, NOW, ORDERS, House

from actas.core.wire import ID_TOKEN
from actas.crypto import jose


@pytest.mark.requirement("TX-51", "TX-54", "TX-81", "TX-82", "TX-83", "TX-85", "TX-120", "TX-121")
async def test_a_persons_token_becomes_the_agents() -> None:
    house = House()
    answer = await house.ask(
        "assistant", house.id_token(), subject_token_type=str(ID_TOKEN), audience="orders"
    )
    assert answer.body["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert answer.body["token_type"] == "Bearer"
    assert answer.body["expires_in"] == 300
    assert answer.body["scope"] == "orders:read orders:write"
    jws = jose.parse(str(answer.body["access_token"]))
    assert jws.unverified_header["typ"] == "at+jwt"
    claims: dict[str, Any] = dict(jws.unverified_claims)
    since, *marks = claims.pop("lineage").split()
    assert since == str(NOW)
    assert marks[0] == house.ring.mark("token", ISSUER, claims["jti"])
    assert len(marks) == 5  # itself, the ID token, alice to us, alice to her issuer, the assistant
    assert claims.pop("jti") == claims.pop("txn")
    assert claims == {
        "iss": ISSUER,
        "aud": ORDERS,
        "sub": "alice@acme.example",
        "sub_profile": "user",
        "sub_id": {"format": "iss_sub", "iss": "https://idp.acme.example", "sub": "id-alice"},
        "client_id": "assistant",
        "scope": "orders:read orders:write",
        "groups": ["support"],
        "iat": NOW,
        "exp": NOW + 300,
        "act": {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"},
    }


@pytest.mark.requirement("TX-56", "SEC-43")
async def test_the_next_hop_nests_the_chain_and_narrows() -> None:
    house = House()
    claims = await house.claims("orders", house.our_token(), audience="inventory", scope="stock:read")
    assert claims["aud"] == INVENTORY
    assert claims["scope"] == "stock:read"
    assert claims["exp"] == NOW + 120
    assert claims["txn"] == "root-1"
    assert claims["act"] == {
        "iss": ISSUER,
        "sub": "orders",
        "sub_profile": "service",
        "act": {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"},
    }


async def test_an_agent_in_the_chain_cannot_write_stock() -> None:
    house = House()
    error = await house.refused(
        "orders", house.our_token(), audience="inventory", scope="stock:read stock:write"
    )
    assert (error.code, error.reason) == ("invalid_scope", "denied_by_rule")
