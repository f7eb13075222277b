"""The FastAPI adapter takes tokens that are no JWTs by asking the stand-in about them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sdk.tests.support import ISSUER, ORDERS, who_am_i

from actas_sdk import DpopKey
from actas_sdk.fastapi import Protect
from actas_sdk.testing import FakeActas

protect = Protect(
    ISSUER, audience=ORDERS, introspection="signed", revocation=True, client_id="orders", client_secret="s"
)


@pytest.fixture
def client(fake_actas: FakeActas) -> Iterator[TestClient]:
    fake_actas.stand_in(protect)
    with TestClient(who_am_i(protect, "orders:read")) as client:
        yield client


def test_the_adapter_takes_both_kinds_until_they_are_revoked(
    client: TestClient, fake_actas: FakeActas
) -> None:
    for reference in (True, False):
        token = fake_actas.token("alice", scopes=["orders:read"], reference=reference)
        assert token.reveal().startswith("actas_ref_") == reference
        assert client.get("/me", headers=token.headers()).json() == "alice"
        fake_actas.revoke(token)
        assert client.get("/me", headers=token.headers()).status_code == 401
    assert client.get("/me", headers={"Authorization": "Bearer made-up"}).status_code == 401
    fake_actas.go_down()
    other = fake_actas.token("alice", scopes=["orders:read"], reference=True)
    assert client.get("/me", headers=other.headers()).status_code == 503


def test_a_bound_reference_needs_its_proof(client: TestClient, fake_actas: FakeActas) -> None:
    key = DpopKey.generate()
    token = fake_actas.token("alice", scopes=["orders:read"], reference=True, dpop=key)
    headers = token.headers("GET", f"{ORDERS}/me")
    assert client.get("/me", headers=headers).status_code == 200
    assert client.get("/me", headers=headers).status_code == 401  # the same proof again
    assert client.get("/me", headers={"Authorization": f"Bearer {token.reveal()}"}).status_code == 401
