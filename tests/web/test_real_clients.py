"""OAuth clients that we did not write talk to the real server: Authlib, requests-oauth2client, requests-oauthlib.

They encode, authenticate and judge answers in their own ways; a server that only its own client understands does not
speak the standard.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from jwskate import Jwk, SignedJwt
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError  # type: ignore[import-untyped]
from requests.auth import HTTPBasicAuth
from requests_oauth2client import (
    ClientSecretBasic,
    ClientSecretPost,
    IdToken,
    InvalidRequest,
    InvalidScope,
    OAuth2Client,
    PrivateKeyJwt,
    UnauthorizedClient,
)
from requests_oauth2client import InvalidClient as RejectedClient
from requests_oauth2client.exceptions import EndpointError
from requests_oauthlib import OAuth2Session as OauthlibSession  # type: ignore[import-untyped]
from tests.fakes.served import INVENTORY
from tests.fakes.server import RealServer

from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, TOKEN_EXCHANGE

OAUTH = "/.well-known/oauth-authorization-server"


def client(server: RealServer, name: str, *, method: type[Any] = ClientSecretBasic) -> OAuth2Client:
    """A client that finds everything by the server's metadata."""
    return OAuth2Client.from_discovery_endpoint(
        f"{server.base}{OAUTH}",
        issuer=server.issuer,
        auth=method(name, server.company.secrets[name]),
        testing=True,
    )


def robot(server: RealServer) -> dict[str, Any]:
    """The private key of ``robot`` as a JWK."""
    return dict(Jwk.from_pem(_pem(server)) | {"kid": server.company.robot_key.kid, "alg": "ES256"})


def _pem(server: RealServer) -> bytes:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_der_private_key(server.company.robot_key.to_bytes(), None)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.requirement("TX-80", "TX-101", "TX-102", "TX-141", "TX-142")
@pytest.mark.parametrize("method", [ClientSecretBasic, ClientSecretPost], ids=lambda one: one.__name__)
def test_requests_oauth2client_gets_a_token_for_itself(method: type[Any], server: RealServer) -> None:
    found = client(server, "nightly", method=method)
    token = found.client_credentials(scope="stock:read", audience="inventory")
    assert (token.token_type, token.scope) == ("Bearer", "stock:read")
    assert 0 < (token.expires_in or 0) <= 120


@pytest.mark.requirement("TX-10", "TX-51", "TX-82", "TX-140")
def test_requests_oauth2client_walks_the_whole_chain(server: RealServer) -> None:
    first = client(server, "assistant").token_exchange(
        subject_token=server.company.id_token(),
        subject_token_type=ID_TOKEN,
        resource="https://orders.acme.example",
        scope="orders:read",
    )
    second = client(server, "orders").token_exchange(
        subject_token=first, resource=INVENTORY, scope="stock:read"
    )
    claims = SignedJwt(second.access_token).claims
    assert claims["sub"] == "alice@acme.example"
    assert claims["act"]["sub"] == "orders"
    assert claims["act"]["act"]["sub"] == "assistant"


def test_requests_oauth2client_names_an_id_token_by_itself(server: RealServer) -> None:
    token = client(server, "assistant").token_exchange(
        subject_token=IdToken(server.company.id_token()), audience="orders"
    )
    assert token.scope == "orders:read orders:write"


@pytest.mark.requirement("TX-104", "SEC-10", "SEC-11")
def test_requests_oauth2client_proves_itself_with_its_key(server: RealServer) -> None:
    auth = PrivateKeyJwt("robot", robot(server), aud=server.issuer)
    found = OAuth2Client.from_discovery_endpoint(
        f"{server.base}{OAUTH}", issuer=server.issuer, auth=auth, testing=True
    )
    assert found.client_credentials(audience="inventory").scope == "stock:read"
    assert found.client_credentials(audience="inventory").scope == "stock:read"


@pytest.mark.requirement("TX-90", "TX-93", "TX-5")
def test_requests_oauth2client_understands_every_refusal(server: RealServer) -> None:
    good = client(server, "nightly")
    with pytest.raises(InvalidScope):
        good.client_credentials(scope="stock:burn", audience="inventory")
    with pytest.raises(InvalidRequest):
        good.token_exchange(
            subject_token="no.token.this", subject_token_type=ACCESS_TOKEN, audience="inventory"
        )
    with pytest.raises(UnauthorizedClient):
        client(server, "assistant").client_credentials(audience="inventory")
    with pytest.raises(EndpointError) as refused:
        good.client_credentials(audience="nowhere")
    assert refused.value.response.json()["error"] == "invalid_target"
    wrong = OAuth2Client(f"{server.base}/token", auth=ClientSecretBasic("nightly", "wrong"), testing=True)
    with pytest.raises(RejectedClient) as caught:
        wrong.client_credentials(audience="inventory")
    assert caught.value.response.status_code == 401


@pytest.mark.requirement("TX-80", "TX-101", "TX-102")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_gets_a_token_for_itself_and_exchanges(method: str, server: RealServer) -> None:
    secret = server.company.secrets["orders"]
    with AuthlibSession("orders", secret, token_endpoint_auth_method=method) as session:
        own = session.fetch_token(
            f"{server.base}/token", grant_type="client_credentials", audience="inventory"
        )
        assert own["token_type"] == "Bearer"
        subject = server.token(server.company.for_alice())
        token = session.fetch_token(
            f"{server.base}/token",
            grant_type=str(TOKEN_EXCHANGE),
            subject_token=subject,
            subject_token_type=str(ACCESS_TOKEN),
            audience="inventory",
            scope="stock:read",
        )
        assert (token["scope"], token["issued_token_type"]) == ("stock:read", ACCESS_TOKEN)


@pytest.mark.requirement("TX-104", "SEC-10")
def test_authlib_proves_itself_with_its_key(server: RealServer) -> None:
    key = ECKey.import_key(robot(server))
    with AuthlibSession("robot", key, token_endpoint_auth_method="private_key_jwt") as session:
        # Left alone, it sends its assertions to the endpoint's address and lets them live for an hour.
        soon = {"exp": int(time.time()) + 60}
        kid = {"kid": server.company.robot_key.kid}
        method = PrivateKeyJWT(server.issuer, claims=soon, headers=kid, alg="ES256")
        session.register_client_auth_method(method)
        token = session.fetch_token(
            f"{server.base}/token", grant_type="client_credentials", audience="inventory"
        )
        assert token["scope"] == "stock:read"


@pytest.mark.requirement("SEC-10", "TX-104")
def test_an_assertion_for_the_endpoint_instead_of_the_issuer_is_refused(server: RealServer) -> None:
    """What most libraries send unless they are told otherwise; the issuer alone is accepted now (rfc7523bis)."""
    auth = PrivateKeyJwt("robot", robot(server))
    found = OAuth2Client(f"{server.base}/token", auth=auth, testing=True)
    with pytest.raises(RejectedClient):
        found.client_credentials(audience="inventory")


def test_requests_oauthlib_gets_a_token_for_itself(
    server: RealServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    with OauthlibSession(
        client=BackendApplicationClient(client_id="nightly", scope=["stock:read"])
    ) as session:
        secret = HTTPBasicAuth("nightly", server.company.secrets["nightly"])
        token = session.fetch_token(f"{server.base}/token", auth=secret, audience="inventory")
        assert token["scope"] == ["stock:read"]
        with pytest.raises(InvalidClientError):
            session.fetch_token(f"{server.base}/token", auth=HTTPBasicAuth("nightly", "wrong"))


@pytest.mark.requirement("TX-120", "TX-125")
def test_a_resource_server_that_we_did_not_write_accepts_the_token(server: RealServer) -> None:
    token = server.token(server.company.own())
    published = server.get("/jwks").json
    keys = KeySet.import_key_set(published)  # type: ignore[arg-type]
    read = jwt.decode(token, keys, algorithms=["ES256"])
    assert read.header["typ"] == "at+jwt"
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": server.issuer}, aud={"essential": True, "value": INVENTORY}
    ).validate(read.claims)
    key = Jwk(published["keys"][0])
    SignedJwt(token).validate(key, issuer=server.issuer, audience=INVENTORY, algs=["ES256"])
