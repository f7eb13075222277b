"""The pretend identity provider: it publishes and signs what any OpenID provider does."""

from __future__ import annotations

import time
from collections.abc import Generator

import pytest
from starlette.testclient import TestClient

from actas.crypto.jose import PublicKey, parse, verify
from actas.demo.corp_idp import LIFE, app

ISSUER = "http://127.0.0.1:8695"
PASSWORDS = {"alice": "correct horse", "dana": "battery staple"}


@pytest.fixture
def http() -> Generator[TestClient]:
    with TestClient(app(ISSUER, passwords=PASSWORDS)) as client:
        yield client


def test_an_id_token_verifies_with_the_published_keys(http: TestClient) -> None:
    described = http.get("/.well-known/openid-configuration").json()
    assert described["issuer"] == ISSUER
    assert described["jwks_uri"] == f"{ISSUER}/jwks"
    (jwk,) = http.get("/jwks").json()["keys"]
    assert "d" not in jwk
    answer = http.post("/sign-in", data={"user": "alice", "password": "correct horse"})
    assert answer.headers["cache-control"] == "no-store"
    claims = verify(
        parse(answer.json()["id_token"]),
        key=PublicKey.from_jwk(jwk, algorithms=["ES256"]),
        types=frozenset({"JWT"}),
        issuer=ISSUER,
        now=time.time(),
        max_life=LIFE,
    )
    assert claims["aud"] == "acme-web"
    assert (claims["email"], claims["groups"], claims["acr"]) == ("alice@acme.example", ["support"], "mfa")


@pytest.mark.parametrize(
    "form",
    [
        {"user": "alice", "password": "wrong"},
        {"user": "alice", "password": "battery staple"},
        {"user": "mallory", "password": "correct horse"},
        {"user": "alice"},
        {"user": ["alice", "dana"], "password": "correct horse"},
        {"user": "alice", "password": "x" * 5000},
        {},
    ],
)
def test_nobody_else_signs_in(http: TestClient, form: dict[str, str]) -> None:
    answer = http.post("/sign-in", data=form)
    assert answer.status_code == 401
    assert answer.json() == {"error": "access_denied"}
