"""A grant that this server gave for another domain, brought back to this server (SEC-57).

It is signed by this server and speaks of a person. An API that asked nothing but who signed it would take it for
an access token, and a token endpoint for the person's presence, which would make every app with a connection a
master key. So no door takes it: not as a bearer token, not as a session, not as a subject, an actor, a refresh
token, a code or a client's assertion, nor is it called active. The doors are read from the router: one that is
new is tried without anybody thinking of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.fakes.company import ISSUER as HOUSE
from tests.fakes.company import connection
from tests.fakes.crossing import crossing, grant_form, granted
from tests.fakes.door import FORM, call
from tests.fakes.doors import ISSUER, METHODS, Doors
from tests.fakes.served import Company

from actas.app.assembly import assembly
from actas.app.foundation import foundation
from actas.core.wire import ACCESS_TOKEN, ID_JAG, ID_TOKEN, JWT, JWT_BEARER_CLIENT_ASSERTION, REFRESH_TOKEN
from actas.crypto import jose
from actas.settings.load import read
from actas.web.api.routes import BASE, ROUTES
from actas.web.gate import BELOW

THERE = "https://auth.tickets.example"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Place(Doors):
    """With a grant of its own: it tells of alice to the tickets of another company."""

    def asking(self, **more: Any) -> dict[str, Any]:
        """The form by which the assistant asks for a grant for alice."""
        asked = {
            "requested_token_type": ID_JAG,
            "subject_token_type": ID_TOKEN,
            "audience": THERE,
            "scope": None,
        }
        return self.company.exchange("assistant", self.company.id_token(), **{**asked, **more})


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    company = Company(tmp_path, issuer=ISSUER)
    tree = company.tree
    everybody = ["assistant", "orders", "nightly"]
    company.named("issuers", "corp-idp")["audiences"] = {"acme-web": everybody}
    tree["users"] = [{"name": "alice", "email": "alice@example.com"}]
    company.named("clients", "desk")["redirect_uris"] = ["https://web.acme.example/callback"]
    company.named("clients", "desk")["grants"] = ["token_exchange", "authorization_code"]
    tree["admins"] = [{"client": "nightly", "role": "owner"}]
    tree["connections"] = [
        {
            "name": "assistant-to-tickets",
            "direction": "issue",
            "client": "assistant",
            "resource": {"issuer": THERE, "client_id": "nightly", "scopes": ["tickets:read"]},
            "people": {"from": "corp-idp"},
        }
    ]
    company.write()
    draft = read([company.file], environ=company.environ, dev=True)
    async with foundation(draft, dev=True, create=True) as base, assembly(base) as house:
        made = Place(company, house)
        answer = (await made.post("/token", made.asking())).json
        made.token = str(answer["access_token"])
        assert answer["issued_token_type"] == str(ID_JAG)
        yield made


@pytest.mark.requirement("JAG-3", "SEC-56", "SEC-57")
async def test_no_door_opens_further_for_a_grant(place: Place) -> None:
    assert {"/token", "/userinfo", "/account", "/authorize", "/introspect", "/revoke"} <= set(place.doors)
    for path, door in place.doors.items():
        for method in METHODS:
            plain = await call(door, method=method, path=path, headers=[FORM, (b"origin", ISSUER.encode())])
            tried = await call(door, method=method, path=path, headers=[FORM, *place.carries()])
            assert tried.status == plain.status or tried.status in (401, 403), (path, method, tried)
            assert b"alice@" not in tried.body, (path, method)


@pytest.mark.requirement("JAG-3", "SEC-57", "SEC-80")
async def test_no_route_of_the_management_api_lets_it_in(place: Place) -> None:
    (application,) = [door for path, door in place.house.gate.endpoints.items() if path.endswith(BELOW)]
    for route in ROUTES:
        path = f"{BASE}{route.path}".replace("{kind}", "clients").replace("{name}", "desk")
        headers = [(b"content-type", b"application/json"), *place.carries()]
        reply = await call(application, method=route.method, path=path, headers=headers, body=b"{}")
        assert reply.status in (401, 403), (route.method, path, reply)


@pytest.mark.requirement("SEC-57", "IDC-41", "JAG-42")
async def test_the_token_endpoint_takes_it_as_nothing(place: Place) -> None:
    company, grant = place.company, place.token
    assertion = {"client_assertion_type": JWT_BEARER_CLIENT_ASSERTION, "client_assertion": grant}
    secret = {"client_secret": None, "client_id": None}
    forms: list[dict[str, Any]] = [
        *(
            place.asking(
                subject_token=grant, subject_token_type=kind, requested_token_type=wanted, audience=there
            )
            for kind in (ACCESS_TOKEN, ID_TOKEN, JWT, REFRESH_TOKEN, ID_JAG)
            for wanted, there in ((None, "orders"), (ID_JAG, THERE), (REFRESH_TOKEN, "orders"))
        ),
        *(
            company.for_alice(actor_token=grant, actor_token_type=kind)
            for kind in (ACCESS_TOKEN, ID_TOKEN, JWT, REFRESH_TOKEN, ID_JAG)
        ),
        *(company.own(who, **secret, **assertion) for who in ("nightly", "assistant")),
        company.own("nightly", client_secret=None, **assertion),
        company.own("nightly", grant_type=JWT_BEARER, assertion=grant),
        company.own("assistant", grant_type=JWT_BEARER, assertion=grant),
        company.own("assistant", grant_type="refresh_token", refresh_token=grant, audience=None),
        company.own("desk", grant_type="authorization_code", code=grant, audience=None),
    ]
    for form in forms:
        reply = await place.post("/token", form)
        assert reply.status in (400, 401), (form, reply)
        assert "access_token" not in reply.json


@pytest.mark.requirement("JAG-3", "SEC-57")
async def test_nobody_is_told_that_it_is_active_and_it_proves_no_client(place: Place) -> None:
    for who in ("assistant", "orders", "nightly"):
        proof = {"client_id": who, "client_secret": place.company.secrets[who]}
        for hint in (None, "access_token", "refresh_token"):
            reply = await place.post("/introspect", {**proof, "token": place.token, "token_type_hint": hint})
            assert (reply.status, reply.json) == (200, {"active": False})
    assertion = {"client_assertion_type": JWT_BEARER_CLIENT_ASSERTION, "client_assertion": place.token}
    for path in ("/introspect", "/revoke"):
        reply = await place.post(path, {"token": place.token, **assertion})
        assert (reply.status, reply.json["error"]) == (401, "invalid_client")


@pytest.mark.requirement("SEC-57")
@pytest.mark.parametrize("purpose", ["token", "id_token", "grant"])
async def test_not_even_one_whose_server_is_called_like_ours(purpose: Any) -> None:
    """The connection leads here, or a key is taken for another: type, audience and key each refuse."""
    it = crossing(connections=[connection(issuer=HOUSE, client_id="web", resources=())])
    grant = str((await granted(it, audience=HOUSE)).body["access_token"])
    claims = {**jose.parse(grant).unverified_claims, "aud": HOUSE}
    forged = jose.sign(claims, key=it.ring.private(purpose, "ES256"), typ="oauth-id-jag+jwt")
    for token in (grant, forged):
        for kind in (ACCESS_TOKEN, ID_TOKEN, JWT):
            error = await it.turned_away(grant_form(it, token, audience=HOUSE, subject_token_type=str(kind)))
            assert (error.code, error.reason) == ("invalid_grant", "bad_subject")
        form = it.own_form("web", client_id=None, client_secret=None, client_assertion=token)
        form["client_assertion_type"] = JWT_BEARER_CLIENT_ASSERTION
        assert (await it.turned_away(form)).code == "invalid_client"
