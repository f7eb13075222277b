"""Somebody who signed in at one server gets at an API of another, with no consent screen: two real servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.browser import Browser
from tests.fakes.server import RealServer
from tests.fakes.wire import FORM, ask, encoded
from tests.web.test_signing_in import CALLBACK, VERIFIER, asked, claims_of

from actas.core.wire import ID_JAG, ID_JAG_PROFILE, ID_TOKEN, JWT_BEARER, REFRESH_TOKEN, TOKEN_EXCHANGE

PASSWORD = "correct horse battery"
SECRET = "the-secret-of-acme-desk-at-tickets"
API = "https://api.tickets.example"


class Domains:
    """Two companies: people sign in to ``desk`` at home, and desk is ``acme-desk`` to the tickets' server."""

    def __init__(self, home: RealServer, tickets: RealServer) -> None:
        self.home = home
        self.tickets = tickets

    def signed_in(self) -> dict[str, Any]:
        """What desk gets when alice signs in at home."""
        browser = Browser(self.home.base)
        browser.get("/authorize", **asked(scope="openid offline_access orders:read"))
        browser.sign_in("alice", PASSWORD)
        form = {
            "grant_type": "authorization_code",
            "client_id": "desk",
            "client_secret": self.home.company.secrets["desk"],
            "code": browser.answer()["code"],
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return posted(self.home, form, status=200)

    def granted(
        self, token: str, kind: str = str(ID_TOKEN), status: int = 200, **more: Any
    ) -> dict[str, Any]:
        """The first leg: a grant for the tickets' server."""
        form = {
            "grant_type": str(TOKEN_EXCHANGE),
            "client_id": "desk",
            "client_secret": self.home.company.secrets["desk"],
            "subject_token": token,
            "subject_token_type": kind,
            "requested_token_type": str(ID_JAG),
            "audience": self.tickets.issuer,
            "resource": API,
            "scope": "tickets:read",
            **more,
        }
        return posted(self.home, form, status=status)

    def redeemed(self, grant: str, status: int = 200, **more: Any) -> dict[str, Any]:
        """The second leg: a token of the tickets' server."""
        form = {
            "grant_type": str(JWT_BEARER),
            "client_id": "acme-desk",
            "client_secret": SECRET,
            "assertion": grant,
            **more,
        }
        return posted(self.tickets, form, status=status)


def posted(server: RealServer, form: dict[str, Any], *, status: int) -> dict[str, Any]:
    reply = ask(
        server.port, "POST", f"{server.path}/token", headers={"Content-Type": FORM}, body=encoded(form)
    )
    assert reply.status == status, reply
    document: dict[str, Any] = json.loads(reply.body)
    return document


def arranged(folder: Path, *, api: str = API, path: str = "") -> Domains:
    """Two companies that have agreed, and do not run yet.

    Args:
        api: the address of the API at the tickets' company.
        path: of the issuer there.
    """
    home, tickets = RealServer(folder / "home"), RealServer(folder / "tickets", path=path)
    home.company.environ["ALICE_PASSWORD"] = PASSWORD
    home.company.tree["users"] = [
        {
            "name": "alice",
            "email": "alice@acme.example",
            "groups": ["support"],
            "password": {"env": "ALICE_PASSWORD"},
        }
    ]
    home.company.named("clients", "desk").update(
        redirect_uris=[CALLBACK],
        grants=["token_exchange", "authorization_code", "refresh_token"],
        may_request={"apis": ["orders"]},
        sign_in={"consent": "never"},
    )
    home.company.tree["connections"] = [
        {
            "name": "desk-to-tickets",
            "direction": "issue",
            "client": "desk",
            "resource": {
                "issuer": tickets.issuer,
                "client_id": "acme-desk",
                "resource": api,
                "scopes": ["tickets:read", "tickets:comment"],
            },
            "people": {"groups": ["support"]},
        }
    ]
    tickets.company.environ["ACME_DESK_SECRET"] = SECRET
    tree = tickets.company.tree
    tree["issuers"].append({"name": "acme", "type": "oidc", "issuer": home.issuer, "accepts": ["id_jag"]})
    tree["apis"].append(
        {"name": "tickets", "audience": api, "scopes": {"tickets:read": "Read", "tickets:comment": "Comment"}}
    )
    tree["clients"].append(
        {
            "name": "acme-desk",
            "kind": "app",
            "auth": {"method": "client_secret", "secret": {"env": "ACME_DESK_SECRET"}},
            "grants": ["jwt_bearer"],
            "may_request": {"apis": ["tickets"]},
        }
    )
    tree["connections"] = [
        {
            "name": "acme-desk-to-tickets",
            "direction": "accept",
            "from": "acme",
            "client": "acme-desk",
            "api": "tickets",
            "scopes": ["tickets:read"],
            "people": {"unknown": "create"},
        }
    ]
    return Domains(home, tickets)


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domains]:
    it = arranged(tmp_path_factory.mktemp("cross-app"))
    with it.home, it.tickets:
        yield it


@pytest.mark.requirement("JAG-20", "JAG-50", "JAG-60", "JAG-121", "IDC-58", "JAG-65")
def test_an_app_reaches_another_companys_api_with_no_consent_screen(domains: Domains) -> None:
    tokens = domains.signed_in()
    answer = domains.granted(tokens["id_token"])
    assert (answer["issued_token_type"], answer["token_type"]) == (str(ID_JAG), "N_A")
    grant = claims_of(answer["access_token"])
    assert (grant["iss"], grant["aud"]) == (domains.home.issuer, domains.tickets.issuer)
    assert (grant["client_id"], grant["sub"], grant["resource"]) == ("acme-desk", "actas:alice", API)
    came = domains.redeemed(answer["access_token"])
    token = claims_of(came["access_token"])
    assert (token["iss"], token["aud"], token["scope"]) == (domains.tickets.issuer, API, "tickets:read")
    assert (token["sub"], token["client_id"]) == ("acme:actas:alice", "acme-desk")
    assert "refresh_token" not in came
    assert domains.redeemed(answer["access_token"], status=400)["error"] == "invalid_grant"


@pytest.mark.requirement("JAG-33", "JAG-34")
def test_a_refresh_token_gives_grants_also_when_the_id_token_has_ended(domains: Domains) -> None:
    tokens = domains.signed_in()
    for _ in range(2):  # it stays as it is
        answer = domains.granted(tokens["refresh_token"], str(REFRESH_TOKEN))
        assert domains.redeemed(answer["access_token"])["access_token"]


@pytest.mark.requirement("JAG-110", "JAG-111", "JAG-112")
def test_both_say_what_they_do_and_not_with_whom(domains: Domains) -> None:
    home = domains.home.get("/.well-known/oauth-authorization-server")
    tickets = domains.tickets.get("/.well-known/oauth-authorization-server")
    assert home.json["identity_chaining_requested_token_types_supported"] == [str(ID_JAG)]
    assert str(JWT_BEARER) not in home.json["grant_types_supported"]
    assert tickets.json["authorization_grant_profiles_supported"] == [ID_JAG_PROFILE]
    assert str(JWT_BEARER) in tickets.json["grant_types_supported"]
    assert domains.home.issuer not in json.dumps(tickets.json)
    assert domains.tickets.issuer not in json.dumps(home.json)


@pytest.mark.requirement("TX-142")
def test_where_nobody_signs_in_there_is_an_address_that_says_so(domains: Domains) -> None:
    about = domains.tickets.get("/.well-known/oauth-authorization-server").json
    assert (about["authorization_endpoint"], about["response_types_supported"]) == (
        f"{domains.tickets.issuer}/authorize", [],
    )  # fmt: skip
    browser = Browser(domains.tickets.base)
    refused = browser.get("/authorize", **asked(client_id="acme-desk"))
    assert (refused.status_code, refused.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert "no app at this server" in refused.text
    assert "Location" not in refused.headers
    assert domains.tickets.get("/sign-in").status == 404


@pytest.mark.requirement("SEC-57", "SEC-61", "JAG-62")
def test_what_is_no_grant_for_that_server_is_none(domains: Domains) -> None:
    tokens = domains.signed_in()
    for wrong in (tokens["id_token"], tokens["access_token"], "x", "a.b.c"):
        assert domains.redeemed(wrong, status=400)["error"] == "invalid_grant"
    other = domains.granted(tokens["id_token"], audience="https://evil.example", status=400)
    assert other["error"] == "invalid_target"
    more = domains.granted(tokens["id_token"], scope="tickets:burn", status=400)
    assert more["error"] == "invalid_scope"
    grant = domains.granted(tokens["id_token"], scope="tickets:comment")["access_token"]
    assert domains.redeemed(grant, status=400)["error"] == "invalid_scope"
