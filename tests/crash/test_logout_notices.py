"""Somebody leaves, and every app hears of it, whatever becomes of the app or of the node that they left at.

A real app on a real socket reads each logout token with a library of others and the keys that are published.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.fakes.browser import Browser
from tests.fakes.program import Program
from tests.fakes.server import RealServer, until
from tests.fakes.told_app import AppOnASocket, claims_of_logout

from actas.core import claims as read
from actas.crypto import jose

CALLBACK = "https://app.acme.example/callback"
PASSWORD = "correct horse battery"
CHANGED = "seven green parrots wait"

TAKEN_OVER = 60.0
"""Seconds within which another node has told an app; it may be the second that took it."""


@pytest.fixture
def app() -> Iterator[AppOnASocket]:
    with AppOnASocket() as running:
        yield running


def node(folder: Path, app: AppOnASocket, *, database: str | None = None) -> RealServer:
    server = RealServer(folder, database=database)
    server.company.environ["ALICE_PASSWORD"] = PASSWORD
    server.company.tree["users"] = [{"name": "alice", "password": {"env": "ALICE_PASSWORD"}}]
    server.company.named("clients", "desk").update(
        redirect_uris=[CALLBACK],
        grants=["authorization_code", "refresh_token"],
        may_request={"apis": ["orders"]},
        backchannel_logout_uri=app.url,
        backchannel_logout_session_required=True,
    )
    return server


def keys_of(server: RealServer) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{server.base}/jwks", timeout=30).json()
    return found


def signed_in(server: RealServer, scope: str = "openid orders:read") -> tuple[Browser, dict[str, Any], str]:
    """A browser in which alice signed in to the app, the tokens that it got, and the session."""
    browser = Browser(server.base)
    desk = OAuth2Session(
        "desk",
        server.company.secrets["desk"],
        scope=scope,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
    )
    address, state = desk.create_authorization_url(f"{server.base}/authorize", code_verifier="v" * 64)
    browser.get(address)
    browser.sign_in("alice", PASSWORD)
    if browser.response.status_code == 200:
        browser.send(decision="allow")
    token = desk.fetch_token(
        f"{server.base}/token",
        authorization_response=browser.location,
        state=state,
        code_verifier="v" * 64,
    )
    keys = KeySet.import_key_set({"keys": keys_of(server)["keys"]})
    return browser, dict(token), jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims["sid"]


def life_of(token: dict[str, Any]) -> int:
    """The life of an ID token, in seconds."""
    claims = jose.parse(token["id_token"]).unverified_claims
    return read.instant(claims, "exp") - read.instant(claims, "iat")


def leave(browser: Browser) -> None:
    browser.get("/logout")
    assert browser.send().status_code == 200


def delivered(server: RealServer) -> list[dict[str, Any]]:
    return [one for one in server.events() if one["event"] == "logout:delivered"]


@pytest.mark.requirement("OP-84", "OP-85", "OP-77")
@pytest.mark.timeout(180)
def test_an_app_hears_of_it_although_it_failed_at_first(tmp_path: Path, app: AppOnASocket) -> None:
    answers: list[int | None] = [500, None]
    app.answer = lambda _: answers.pop(0) if answers else 204
    with node(tmp_path / "node", app) as server:
        about = requests.get(f"{server.base}/.well-known/openid-configuration", timeout=30).json()
        assert about["backchannel_logout_supported"] is True
        assert about["backchannel_logout_session_supported"] is True
        browser, token, sid = signed_in(server)
        leave(browser)
        until(lambda: delivered(server), limit=60.0, because="the app heard")
        assert len(app.bodies) == 3
        for body in app.bodies:
            claims = claims_of_logout(
                body, keys_of(server), issuer=server.issuer, client="desk", now=time.time()
            )
            assert (claims["sub"], claims["sid"]) == ("actas:alice", sid)
        (written,) = delivered(server)
        (ended,) = [one for one in server.events() if one["event"] == "session:ended"]
        assert (written["client"], written["sid"], written["tries"]) == ("desk", sid, 3)
        assert written["because"] == ended["id"]
        metrics = server.manage("/metrics").body
        assert b'actas_logout_notices_total{outcome="failed"} 2.0' in metrics
        assert b'actas_logout_notices_total{outcome="delivered"} 1.0' in metrics
        assert token["id_token"] not in server.said
        here, _, _ = signed_in(server)
        _, _, there = signed_in(server)
        here.get("/account/password")
        assert here.send(current=PASSWORD, new=CHANGED, again=CHANGED).status_code == 303
        until(lambda: len(delivered(server)) > 1, limit=30.0, because="the app heard of the other browser")
        assert [one["sid"] for one in delivered(server)] == [sid, there]


@pytest.mark.requirement("OP-84", "OP-85", "OP-58")
@pytest.mark.timeout(180)
def test_whoever_is_locked_out_has_left_and_doctor_says_which_app_is_not_told(
    tmp_path: Path, app: AppOnASocket
) -> None:
    app.answer = lambda _: 503
    with node(tmp_path / "node", app) as server:
        _, token, sid = signed_in(server)
        assert life_of(token) == 300
        server.company.tree["defaults"] = {"sign_in": {"id_token": "1m"}}
        server.company.write()
        server.reload(told="configuration reloaded")
        form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
        auth = ("desk", server.company.secrets["desk"])
        again = requests.post(f"{server.base}/token", data=form, auth=auth, timeout=30)
        assert life_of(again.json()) == 60
        server.company.tree["users"][0]["disabled"] = True
        server.company.write()
        server.reload(told="configuration reloaded")
        until(lambda: app.bodies, limit=30.0, because="the app is told")
        claims = claims_of_logout(
            app.bodies[0], keys_of(server), issuer=server.issuer, client="desk", now=time.time()
        )
        assert (claims["sub"], claims["sid"]) == ("actas:alice", sid)
        doctor = Program(tmp_path / "home", now=time.time())

        def found() -> list[dict[str, Any]]:
            words = ("doctor", "-c", str(server.company.file), "--dev", "--json")
            looked = doctor(*words, environ=server.environ)
            return [one for one in looked.document["results"] if one["name"] == "logout"]

        until(lambda: "503" in json.dumps(found()), limit=30.0, because="it is known")
        (one,) = found()
        assert one["state"] == "warn"
        assert "desk was not told that 1 session has ended" in one["says"]


@pytest.mark.requirement("OP-84", "OP-85", "REL-22")
@pytest.mark.timeout(240)
def test_another_node_tells_what_a_killed_one_began_and_of_two_one_does(
    tmp_path: Path, app: AppOnASocket, postgres: str
) -> None:
    server = node(tmp_path / "node", app, database=postgres)
    other = server.twin()
    try:
        server.company.write()
        server.start()
        app.let_go.clear()  # whoever tells it now waits
        browser, _, sid = signed_in(server)
        leave(browser)
        until(lambda: app.bodies, limit=30.0, because="it began to tell the app")
        server.kill9()
        app.let_go.set()
        other.company.write()
        other.start()
        until(lambda: delivered(other), limit=TAKEN_OVER, because="the other told it")
        claims = claims_of_logout(
            app.bodies[-1], keys_of(other), issuer=server.issuer, client="desk", now=time.time()
        )
        assert claims["sid"] == sid
        (written,) = delivered(other)
        assert written["tries"] == len(app.bodies) == 2
        server.start()
        sids: list[str] = []
        for _ in range(4):
            browser, _, sid = signed_in(server)
            leave(browser)
            sids.append(sid)

        def told() -> list[str]:
            return [one["sid"] for one in delivered(server) if one["sid"] in sids]

        until(lambda: len(told()) >= len(sids), limit=60.0, because="the app heard of each")
        assert sorted(told()) == sorted(sids)
        assert len(app.bodies) == 2 + len(sids)
    finally:
        for one in (server, other):
            one.close()
