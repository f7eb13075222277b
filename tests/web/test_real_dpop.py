"""A DPoP client that we did not write, requests-oauth2client, against a real server that asks for nonces.

The server has two workers: neither knows what the other was shown but through the data folder.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from jwskate import Jwt, SignedJwt
from requests_oauth2client import ClientSecretPost, DPoPKey, DPoPToken, OAuth2Client, PrivateKeyJwt
from requests_oauth2client.exceptions import EndpointError
from tests.fakes.forge import SigningKey
from tests.fakes.prover import Prover
from tests.fakes.server import RealServer
from tests.web.test_real_clients import OAUTH, robot

from actas_sdk.sync import Actas

READ: dict[str, Any] = {"scope": "stock:read", "audience": "inventory"}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = RealServer(tmp_path_factory.mktemp("dpop"), workers=2)
    server.company.tree["server"]["dpop"] = {"nonce": "required"}
    server.company.named("apis", "inventory").setdefault("token", {})["binding"] = "dpop"
    with server:
        yield server


def client(server: RealServer, auth: Any) -> OAuth2Client:
    return OAuth2Client.from_discovery_endpoint(
        f"{server.base}{OAUTH}", issuer=server.issuer, auth=auth, testing=True
    )


@pytest.mark.requirement("TX-150", "TX-151", "TX-152", "SEC-15")
@pytest.mark.parametrize("method", ["secret", "assertion"])
@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
def test_it_gets_a_nonce_and_then_a_token_of_its_key(strict: RealServer, method: str, alg: str) -> None:
    auth: Any = ClientSecretPost("nightly", strict.company.secrets["nightly"])
    if method == "assertion":
        auth = PrivateKeyJwt("robot", robot(strict), aud=strict.issuer)
    key = DPoPKey.generate(alg=alg)
    token = client(strict, auth).client_credentials(dpop=True, dpop_key=key, **READ)
    assert isinstance(token, DPoPToken)
    jwt = Jwt(token.access_token)
    assert isinstance(jwt, SignedJwt)
    assert jwt.claims["cnf"] == {"jkt": key.dpop_jkt}
    # The nonce that came with the token is good for the next request.
    again = client(strict, auth).client_credentials(dpop=True, dpop_key=key, **READ)
    assert isinstance(again, DPoPToken)


@pytest.mark.requirement("SEC-15")
def test_without_a_proof_it_gets_none(strict: RealServer) -> None:
    auth = ClientSecretPost("nightly", strict.company.secrets["nightly"])
    with pytest.raises(EndpointError) as found:
        client(strict, auth).client_credentials(**READ)
    assert found.value.error == "invalid_dpop_proof"


@pytest.mark.requirement("TX-151", "SEC-15")
def test_a_proof_is_used_up_in_every_process(strict: RealServer) -> None:
    prover = Prover(SigningKey.generate())

    def proof(**claims: Any) -> dict[str, str]:
        said = {"htu": f"{strict.issuer}/token", "iat": int(time.time()), **claims}
        return {"DPoP": prover.proof(**said)}

    form = strict.company.own("nightly", scope="stock:read")
    asked = strict.post(form, headers=proof())
    assert asked.json["error"] == "use_dpop_nonce"
    once = proof(nonce=asked.header("dpop-nonce"))
    answers = [strict.post(form, headers=once) for _ in range(6)]
    assert [one.status for one in answers] == [200, *([400] * 5)]
    assert {one.json["error"] for one in answers[1:]} == {"invalid_dpop_proof"}


def test_what_is_published_is_what_is_taken(strict: RealServer) -> None:
    said = strict.get(OAUTH).json
    assert said["dpop_signing_alg_values_supported"] == ["ES256", "ES384", "EdDSA", "PS256", "RS256"]
    assert said["tls_client_certificate_bound_access_tokens"] is False


@pytest.mark.requirement("TX-150", "TX-152", "TX-155")
def test_our_own_client_proves_by_itself(strict: RealServer) -> None:
    with Actas(
        strict.issuer, client_id="nightly", client_secret=strict.company.secrets["nightly"], dpop=True
    ) as actas:
        token = actas.own_token(to="https://inventory.acme.example", scopes=["stock:read"])
        key = actas.dpop_key
    assert key is not None
    assert token.scheme == "DPoP"
    jwt = Jwt(token.reveal())
    assert isinstance(jwt, SignedJwt)
    assert jwt.claims["cnf"] == {"jkt": key.thumbprint}
