"""Somebody signs in to an app here through another server, which is an Actas too: two real servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.fakes.browser import Browser
from tests.fakes.server import RealServer
from tests.fakes.wire import FORM, ask, encoded
from tests.web.test_signing_in import CALLBACK, VERIFIER, asked, claims_of

from actas.core.wire import ID_TOKEN

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RealServer, RealServer]]:
    folder = tmp_path_factory.mktemp("elsewhere")
    here, there = RealServer(folder / "here"), RealServer(folder / "there")
    tree = there.company.tree
    there.company.environ["ALICE_PASSWORD"] = PASSWORD
    tree["users"] = [
        {
            "name": "alice",
            "display_name": "Alice",
            "email": "alice@acme.example",
            "groups": ["support"],
            "password": {"env": "ALICE_PASSWORD"},
        }
    ]
    tree["clients"].append(
        {
            "name": "here",
            "kind": "app",
            "auth": {"method": "private_key_jwt", "jwks_uri": f"{here.issuer}/sign-in/keys"},
            "redirect_uris": [f"{here.issuer}/sign-in/from/corp"],
            "sign_in": {"consent": "never"},
        }
    )
    here.company.tree["issuers"].append(
        {
            "name": "corp",
            "type": "oidc",
            "issuer": there.issuer,
            "groups": "claims.groups",
            "sign_in": {
                "client_id": "here",
                "private_key_jwt": {"algorithm": "ES256"},
                "display_name": "Corp",
                "scopes": ["openid", "profile", "email", "groups"],
                "userinfo": True,
            },
        }
    )
    here.company.named("clients", "desk").update(
        redirect_uris=[CALLBACK],
        grants=["token_exchange", "authorization_code", "refresh_token"],
        may_request={"apis": ["orders"]},
        sign_in={"groups": ["support"], "consent": "never"},
    )
    tree = here.company.tree
    tree["rules"].append(
        {
            "name": "assistant-looks-in",
            "allow": "impersonation",
            "client": "assistant",
            "actor": {"from": tree["issuers"][0]["name"], "required": True},
            "subject": {"from": "corp", "groups": ["support"]},
            "target": {"api": "orders"},
            "scopes": {"any": ["orders:read"]},
        }
    )
    with there, here:
        yield here, there


def button(browser: Browser) -> str:
    """Where the button of the page leads."""
    (href,) = [
        piece.partition('"')[0].replace("&amp;", "&")
        for piece in browser.response.text.split('href="')
        if "/sign-in/with?" in piece.partition('"')[0]
    ]
    return href


@pytest.mark.requirement("SEC-76", "OP-51")
def test_somebody_signs_in_to_an_app_through_another_server(servers: tuple[RealServer, RealServer]) -> None:
    here, there = servers
    app, provider = Browser(here.base), Browser(there.base)
    page = app.get("/authorize", **asked(scope="openid email groups orders:read"))
    assert "Sign in with" in page.text
    app.get(button(app))
    assert app.response.status_code == 303
    assert app.location.startswith(f"{there.issuer}/authorize?")
    sent: dict[str, Any] = parse_qs(urlsplit(app.location).query)
    assert sent["code_challenge_method"] == ["S256"]
    assert sent["redirect_uri"] == [f"{here.issuer}/sign-in/from/corp"]
    provider.get(app.location)
    provider.sign_in("alice", PASSWORD)
    assert provider.location.startswith(f"{here.issuer}/sign-in/from/corp?")
    app.get(provider.location)
    assert app.response.status_code == 303, app.response.text
    app.follow()
    answer = app.answer()
    form = {
        "grant_type": "authorization_code",
        "client_id": "desk",
        "client_secret": here.company.secrets["desk"],
        "code": answer["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    reply = ask(here.port, "POST", "/token", headers={"Content-Type": FORM}, body=encoded(form))
    assert reply.status == 200, reply
    told = claims_of(reply.json["id_token"])
    assert told["sub"] == "corp:actas:alice"
    assert told["sub_id"] == {"format": "iss_sub", "iss": there.issuer, "sub": "actas:alice"}
    assert (told["acr"], told["amr"]) == ("corp:pwd", ["corp:pwd"])
    granted = next(one for one in here.events() if one["event"] == "sign_in:granted")
    assert granted["subject"]["origin"] == {"iss": there.issuer, "sub": "actas:alice", "name": "corp"}
    events = [one["event"] for one in here.events()]
    assert "sign_in:granted" in events
    app.get("/authorize", **asked(scope="openid", prompt="none"))
    assert "code" in app.answer()
    assert "Alice" in app.get("/account").text
    heard = ask(
        here.port, "GET", "/userinfo", headers={"Authorization": f"Bearer {reply.json['access_token']}"}
    )
    assert heard.json == {
        "sub": "corp:actas:alice",
        "email": "alice@acme.example",
        "email_verified": False,
        "groups": ["support"],
    }


@pytest.mark.requirement("SEC-46", "SEC-48")
def test_a_colleague_acts_as_somebody_who_came_so_and_they_see_it_and_end_it(
    servers: tuple[RealServer, RealServer],
) -> None:
    here, there = servers
    asked_for = {
        "subject_token_type": str(ID_TOKEN),
        "requested_subject": json.dumps({"format": "iss_sub", "iss": there.issuer, "sub": "actas:alice"}),
        "reason": "the order does not load",
        "audience": "orders",
    }
    form = here.company.exchange("assistant", here.company.id_token("dana"), **asked_for)
    form = {name: value for name, value in form.items() if value is not None and name != "scope"}
    nobody = {**form, "requested_subject": "corp:actas:nobody"}
    assert here.post(nobody).status == 400
    alice, provider = Browser(here.base), Browser(there.base)
    alice.get("/account")
    alice.follow()
    alice.get(button(alice))
    provider.get(alice.location)
    provider.sign_in("alice", PASSWORD)
    alice.get(provider.location)
    begun = here.post(form)
    assert begun.status == 200, begun
    assert claims_of(str(begun.json["access_token"]))["sub"] == "corp:actas:alice"
    page = alice.get("/account").text
    assert "dana@acme.example" in page
    assert "the order does not load" in page
    alice.response = alice.session.post(
        f"{alice.url}/account/end-impersonation",
        data={"csrf": alice.form()[1]["csrf"], "impersonation": begun.json["impersonation"]},
        headers={"Origin": here.base},
        allow_redirects=False,
        timeout=30,
    )
    assert alice.location == "/account?done=impersonation"
    ended = [one for one in here.events() if one["event"] == "impersonation:ended"]
    assert [one["impersonation"] for one in ended] == [begun.json["impersonation"]]


@pytest.mark.requirement("SEC-91", "SEC-92")
def test_the_keys_that_an_issuer_is_given_are_public_and_are_no_others(
    servers: tuple[RealServer, RealServer],
) -> None:
    here, there = servers
    given = ask(here.port, "GET", "/sign-in/keys").json["keys"]
    tokens = ask(here.port, "GET", "/jwks").json["keys"]
    assert [set(one) & {"d", "p", "q", "k"} for one in given] == [set()]
    assert {one["kid"] for one in given}.isdisjoint(one["kid"] for one in tokens)
    assert ask(there.port, "GET", "/sign-in/keys").status == 404


def test_a_link_that_this_browser_was_not_given_begins_nothing(
    servers: tuple[RealServer, RealServer],
) -> None:
    here, _ = servers
    one, other = Browser(here.base), Browser(here.base)
    one.get("/sign-in")
    assert other.get(button(one)).status_code == 400
    assert "location" not in other.response.headers
    assert one.get("/sign-in/with", provider="corp").status_code == 400
    assert one.session.post(f"{here.base}/sign-in/with", timeout=30).status_code == 405
    assert one.get("/sign-in/from/corp", code="c", state="s").status_code == 400
    assert one.get("/sign-in/from/nobody").status_code == 404


def test_who_turns_back_there_is_asked_again_here(servers: tuple[RealServer, RealServer]) -> None:
    here, there = servers
    app = Browser(here.base)
    app.get("/authorize", **asked(scope="openid"))
    app.get(button(app))
    state = parse_qs(urlsplit(app.location).query)["state"][0]
    page = app.get("/sign-in/from/corp", error="access_denied", state=state, iss=there.issuer)
    assert page.status_code == 403
    assert "You did not sign in with Corp" in page.text
    assert "asks who you are" in page.text  # the app is not forgotten
    app.get(button(app))
    assert app.location.startswith(there.issuer)
