"""OpenID Connect clients that we did not write sign people in: Authlib and requests-oauth2client.

They find everything by discovery, make state, nonce and PKCE themselves, and judge the ID token by the keys that
are published; what is between them and the person is a browser.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.jwk import KeySet
from requests_oauth2client import ClientSecretBasic, DPoPToken, IdToken, OAuth2Client
from tests.fakes.browser import Browser
from tests.fakes.server import RealServer

CALLBACK = "https://app.acme.example/callback"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def sts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = RealServer(tmp_path_factory.mktemp("openid"))
    server.company.environ["ALICE_PASSWORD"] = PASSWORD
    server.company.tree["users"] = [
        {
            "name": "alice",
            "display_name": "Alice",
            "email": "alice@acme.example",
            "groups": ["support"],
            "password": {"env": "ALICE_PASSWORD"},
        }
    ]
    server.company.named("clients", "desk").update(
        redirect_uris=[CALLBACK],
        post_logout_redirect_uris=["https://app.acme.example/goodbye"],
        grants=["authorization_code", "refresh_token"],
        may_request={"apis": ["orders"]},
    )
    server.company.named("clients", "nightly").update(
        redirect_uris=[CALLBACK], grants=["authorization_code"], sign_in={"pushed": "required"}
    )
    with server:
        yield server


def discovered(sts: RealServer) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{sts.base}/.well-known/openid-configuration", timeout=30).json()
    return found


def through(sts: RealServer, address: str) -> str:
    """Where the browser ends, once alice has signed in and let the app have what it asks."""
    browser = Browser(sts.base)
    browser.get(address)
    if browser.follow().status_code == 303:
        return browser.location
    browser.sign_in("alice", PASSWORD)
    if browser.response.status_code == 200:
        browser.send(decision="allow")
    return browser.location


@pytest.mark.requirement(
    "OP-24", "OP-101", "OP-41", "OP-50", "OP-53", "OP-60", "OP-80", "OP-81", "OP-82", "OP-83"
)
def test_authlib_signs_somebody_in_refreshes_and_signs_out(sts: RealServer) -> None:
    about = discovered(sts)
    app = OAuth2Session(
        "desk",
        sts.company.secrets["desk"],
        scope="openid profile email orders:read",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
    )
    verifier = "v" * 64
    address, state = app.create_authorization_url(
        about["authorization_endpoint"], nonce="n-of-authlib", code_verifier=verifier
    )
    answer = through(sts, address)
    token = app.fetch_token(
        about["token_endpoint"], authorization_response=answer, state=state, code_verifier=verifier
    )
    keys = KeySet.import_key_set(requests.get(about["jwks_uri"], timeout=30).json())
    read = jwt.decode(token["id_token"], keys, algorithms=about["id_token_signing_alg_values_supported"])
    claims = CodeIDToken(
        read.claims,
        read.header,
        options={"iss": {"value": about["issuer"]}, "aud": {"value": "desk"}},
        params={"nonce": "n-of-authlib", "access_token": token["access_token"], "client_id": "desk"},
    )
    claims.validate()
    said = app.get(about["userinfo_endpoint"], timeout=30).json()
    assert said == {
        "sub": claims["sub"],
        "name": "Alice",
        "preferred_username": "alice",
        "email": "alice@acme.example",
        "email_verified": False,
    }
    again = app.refresh_token(about["token_endpoint"])
    assert again["access_token"] != token["access_token"]
    browser = Browser(sts.base)
    leaving = {
        "id_token_hint": token["id_token"],
        "post_logout_redirect_uri": "https://app.acme.example/goodbye",
        "state": "bye",
    }
    browser.get(about["end_session_endpoint"], **leaving)
    assert browser.location == "https://app.acme.example/goodbye?state=bye"
    browser.get(
        about["end_session_endpoint"], **{**leaving, "post_logout_redirect_uri": "https://evil.example/"}
    )
    assert "location" not in browser.response.headers
    browser.get(
        about["end_session_endpoint"],
        client_id="desk",
        post_logout_redirect_uri="https://app.acme.example/goodbye",
    )
    assert "location" not in browser.response.headers


@pytest.mark.requirement("OP-7", "OP-24", "OP-101")
def test_requests_oauth2client_signs_somebody_in(sts: RealServer) -> None:
    app = OAuth2Client.from_discovery_endpoint(
        f"{sts.base}/.well-known/openid-configuration",
        issuer=sts.issuer,
        auth=ClientSecretBasic("desk", sts.company.secrets["desk"]),
        redirect_uri=CALLBACK,
        testing=True,
    )
    asked = app.authorization_request(scope="openid profile")
    answer = asked.validate_callback(through(sts, str(asked)))
    token = app.authorization_code(answer, validate=False)
    assert isinstance(token.id_token, IdToken)
    assert token.id_token.issuer == sts.issuer
    assert token.id_token.subject == "actas:alice"
    assert token.id_token.nonce == asked.nonce
    assert app.userinfo(token.access_token)["sub"] == "actas:alice"


@pytest.mark.requirement("OP-30")
def test_requests_oauth2client_binds_the_code_to_the_key_that_it_proves_when_it_pushes(
    sts: RealServer,
) -> None:
    app = OAuth2Client.from_discovery_endpoint(
        f"{sts.base}/.well-known/openid-configuration",
        issuer=sts.issuer,
        auth=ClientSecretBasic("desk", sts.company.secrets["desk"]),
        redirect_uri=CALLBACK,
        dpop_bound_access_tokens=True,
        testing=True,
    )
    asked = app.authorization_request(scope="openid orders:read")
    assert asked.dpop_key is not None
    answer = asked.validate_callback(through(sts, str(app.pushed_authorization_request(asked))))
    form = {"grant_type": "authorization_code", "code": answer.code, "redirect_uri": CALLBACK}
    stolen = requests.post(
        app.token_endpoint,
        data={**form, "code_verifier": answer.code_verifier},
        auth=("desk", sts.company.secrets["desk"]),
        timeout=30,
    )
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert isinstance(app.authorization_code(answer, validate=False), DPoPToken)


@pytest.mark.requirement("OP-30", "OP-32", "OP-7", "OP-34")
def test_requests_oauth2client_pushes_what_it_asks(sts: RealServer) -> None:
    app = OAuth2Client.from_discovery_endpoint(
        f"{sts.base}/.well-known/openid-configuration",
        issuer=sts.issuer,
        auth=ClientSecretBasic("nightly", sts.company.secrets["nightly"]),
        redirect_uri=CALLBACK,
        testing=True,
    )
    asked = app.authorization_request(scope="openid profile")
    plain = parse_qs(urlsplit(through(sts, str(asked))).query)
    assert plain["error"] == ["invalid_request"]
    pushed = app.pushed_authorization_request(asked)
    assert set(parse_qs(urlsplit(str(pushed)).query)) == {"client_id", "request_uri"}
    answer = asked.validate_callback(through(sts, str(pushed)))
    token = app.authorization_code(answer, validate=False)
    assert isinstance(token.id_token, IdToken)
    assert (token.id_token.subject, token.id_token.nonce) == ("actas:alice", asked.nonce)


@pytest.mark.requirement("OP-77", "OP-80", "OP-83")
def test_who_signs_out_is_asked_and_what_was_bound_to_the_session_ends(sts: RealServer) -> None:
    about = discovered(sts)
    browser = Browser(sts.base)
    app = OAuth2Session(
        "desk",
        sts.company.secrets["desk"],
        scope="openid orders:read",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
    )
    address, state = app.create_authorization_url(about["authorization_endpoint"], code_verifier="w" * 64)
    browser.get(address)
    browser.sign_in("alice", PASSWORD)
    if browser.response.status_code == 200:
        browser.send(decision="allow")
    app.fetch_token(
        about["token_endpoint"], authorization_response=browser.location, state=state, code_verifier="w" * 64
    )
    browser.response = page = browser.session.post(
        about["end_session_endpoint"],
        data={"id_token_hint": app.token["id_token"], "state": "bye"},
        headers={"Origin": "https://app.acme.example", "Sec-Fetch-Site": "cross-site"},
        timeout=30,
    )
    assert "Alice" in page.text
    assert browser.send().status_code == 200
    assert sts.events()[-1]["event"] == "session:ended"
    refused = requests.post(
        about["token_endpoint"],
        data={"grant_type": "refresh_token", "refresh_token": app.token["refresh_token"]},
        auth=("desk", sts.company.secrets["desk"]),
        timeout=30,
    )
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
