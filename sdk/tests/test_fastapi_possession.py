"""Protect and bound tokens: the proof is for the address that callers see, the challenge says DPoP."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import MutableMapping
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sdk.tests.support import ISSUER, ORDERS

from actas_sdk import DpopKey, Misconfigured
from actas_sdk.dpop import digest
from actas_sdk.fastapi import Caller, Protect
from actas_sdk.strict_json import JsonObject
from actas_sdk.testing import FakeActas

PEM = ssl.DER_cert_to_PEM_cert(b"the DER of a certificate")


def app_of(protect: Protect) -> FastAPI:
    app = FastAPI(lifespan=protect.lifespan)
    needed = protect("orders:read")

    @app.get("/orders/{number}")
    async def read(number: str, caller: Caller = needed) -> str:
        return f"{number} for {caller.subject.id}"

    return app


def calling(fake: FakeActas, **more: Any) -> TestClient:
    protect = Protect(ISSUER, **{"audience": ORDERS, **more})
    fake.stand_in(protect)
    return TestClient(app_of(protect))


@pytest.mark.requirement("TX-151", "SEC-15")
def test_a_bound_token_is_taken_with_its_proof_once(fake_actas: FakeActas) -> None:
    client, key = calling(fake_actas), DpopKey.generate()
    token = fake_actas.token("alice", scopes=["orders:read"], dpop=key)
    headers = token.headers("GET", f"{ORDERS}/orders/7")
    assert client.get("/orders/7", headers=headers).json() == "7 for alice"
    again = client.get("/orders/7", headers=headers)
    assert again.status_code == 401
    challenge = again.headers["www-authenticate"]
    assert challenge.startswith('DPoP error="invalid_dpop_proof"')
    assert "resource_metadata=" in challenge


@pytest.mark.requirement("SEC-15")
def test_what_a_request_says_of_its_own_host_is_not_believed(fake_actas: FakeActas) -> None:
    client, key = calling(fake_actas), DpopKey.generate()
    token = fake_actas.token("alice", scopes=["orders:read"], dpop=key)
    headers = token.headers("GET", "https://evil.example/orders/7") | {"Host": "evil.example"}
    assert client.get("/orders/7", headers=headers).status_code == 401


def test_an_api_with_a_name_says_where_it_is(fake_actas: FakeActas) -> None:
    key = DpopKey.generate()
    for at, status in ((None, 401), ("https://orders.acme.example", 200)):
        client = calling(fake_actas, audience="urn:acme:orders", at=at)
        token = fake_actas.token("alice", scopes=["orders:read"], dpop=key)
        sent = client.get("/orders/%C3%A5%2F7", headers=token.headers("GET", f"{ORDERS}/orders/%C3%A5%2F7"))
        assert sent.status_code in (status, 404)
        sent = client.get("/orders/a%20b", headers=token.headers("GET", f"{ORDERS}/orders/a%20b"))
        assert sent.status_code == status
    with pytest.raises(Misconfigured):
        Protect(ISSUER, audience="urn:acme:orders", at="orders.acme.example")


@pytest.mark.requirement("TX-152")
def test_a_nonce_comes_with_the_answer(fake_actas: FakeActas) -> None:
    client, key = calling(fake_actas, nonce_key=bytes(32)), DpopKey.generate()
    token = fake_actas.token("alice", scopes=["orders:read"], dpop=key)
    url = f"{ORDERS}/orders/7"
    asked = client.get("/orders/7", headers=token.headers("GET", url))
    assert asked.status_code == 401
    assert token.learn(url, asked.headers["dpop-nonce"])
    assert client.get("/orders/7", headers=token.headers("GET", url)).status_code == 200


@pytest.mark.requirement("TX-145")
def test_what_it_publishes_says_when_only_bound_tokens_are_taken(fake_actas: FakeActas) -> None:
    with calling(fake_actas, bound=True) as client:
        said = client.get("/.well-known/oauth-protected-resource").json()
        plain = fake_actas.token("alice", scopes=["orders:read"])
        refused = client.get("/orders/7", headers=plain.headers())
    assert said["resource"] == ORDERS
    assert said["dpop_bound_access_tokens_required"] is True
    assert "ES256" in said["dpop_signing_alg_values_supported"]
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("DPoP ")


def test_an_api_that_takes_bound_tokens_alone_says_so_to_whoever_shows_none(fake_actas: FakeActas) -> None:
    for bound, scheme in ((True, "DPoP "), (False, "Bearer ")):
        refused = calling(fake_actas, bound=bound).get("/orders/7")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith(scheme)


@pytest.mark.requirement("TX-146")
def test_the_challenge_leads_to_what_the_api_says_of_itself(fake_actas: FakeActas) -> None:
    refused = calling(fake_actas).get("/orders/7")
    where = f'resource_metadata="{ORDERS}/.well-known/oauth-protected-resource"'
    assert where in refused.headers["www-authenticate"]


@pytest.mark.requirement("TX-153", "SEC-15")
@pytest.mark.parametrize(
    ("chain", "status"),
    [([PEM], 200), ((PEM, "more"), 200), ([], 401), (["no certificate"], 401), ([b"x"], 401), (None, 401)],
)
def test_a_certificate_that_the_server_hands_on_proves(
    chain: Any, status: int, fake_actas: FakeActas
) -> None:
    protect = Protect(ISSUER, audience=ORDERS)
    fake_actas.stand_in(protect)
    app = app_of(protect)
    cnf: JsonObject = {"x5t#S256": digest(b"the DER of a certificate")}
    token = fake_actas.token("alice", scopes=["orders:read"], claims={"cnf": cnf}).reveal()

    async def over_tls(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """What a server with the TLS extension of ASGI adds."""
        scope["extensions"] = {"tls": {"client_cert_chain": chain}}
        await app(scope, receive, send)

    async def ask() -> int:
        transport = httpx2.ASGITransport(over_tls)
        async with httpx2.AsyncClient(transport=transport, base_url=ORDERS) as http:
            return (await http.get("/orders/7", headers={"Authorization": f"Bearer {token}"})).status_code

    assert asyncio.run(ask()) == status


async def test_a_memory_that_must_be_awaited_is_awaited(fake_actas: FakeActas) -> None:
    class Shared:
        def __init__(self) -> None:
            self.seen: set[str] = set()

        async def claim(self, proof: str, *, until: float) -> bool:
            await asyncio.sleep(0)
            first = proof not in self.seen
            self.seen.add(proof)
            return first

    protect = Protect(ISSUER, audience=ORDERS, proofs=Shared())
    fake_actas.stand_in(protect)
    token = fake_actas.token("alice", scopes=["orders:read"], dpop=DpopKey.generate())
    headers = token.headers("GET", f"{ORDERS}/orders/7")
    transport = httpx2.ASGITransport(app_of(protect))
    async with httpx2.AsyncClient(transport=transport, base_url=ORDERS) as http:
        assert [(await http.get("/orders/7", headers=headers)).status_code for _ in range(2)] == [200, 401]
