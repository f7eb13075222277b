"""The stand-in for two companies: grants of one server, redeemed at the other, both in memory."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from sdk.tests.support import ISSUER

from actas_sdk import Actas, ClientSecret, DpopKey, Grant, Refused, SignInAgain, Token, Verifier, sync
from actas_sdk.jws import said_by
from actas_sdk.mcp import ActasTokenVerifier, grant_source
from actas_sdk.testing import FakeActas

THERE = "https://auth.tickets.example"
API = "https://mcp.tickets.example/mcp"
AT_TICKETS = ClientSecret(client_id="acme-desk", secret="only-for-there")
both = pytest.mark.parametrize("kind", ["async", "blocking"])


@pytest.fixture
def tickets(fake_actas: FakeActas) -> FakeActas:
    return fake_actas.beyond(THERE, audience=API, client_id="acme-desk", scopes=["tickets:read"])


def crossed(fake: FakeActas, whom: Token, *, kind: str = "blocking", dpop: Any = False, **more: Any) -> Token:
    settings: dict[str, Any] = {"client_id": "desk", "client_secret": "s", "dpop": dpop}
    asked = {"to": THERE, "resource": API, "scopes": ["tickets:read"], "there": AT_TICKETS, **more}
    if kind == "blocking":
        client = sync.Actas(ISSUER, **settings)
        fake.stand_in(client)
        return client.cross_app(whom, **asked)
    waiting = Actas(ISSUER, **settings)
    fake.stand_in(waiting)
    return asyncio.run(waiting.cross_app(whom, **asked))


def granted(fake: FakeActas, whom: Token, **more: Any) -> Grant:
    client = sync.Actas(ISSUER, client_id="desk", client_secret="s")
    fake.stand_in(client)
    return client.grant(whom, **{"to": THERE, "resource": API, "client_id": "acme-desk", **more})


def redeemed(tickets: FakeActas, grant: str, **more: str) -> httpx2.Response:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "client_id": "acme-desk"}
    with httpx2.Client(transport=tickets.transport) as http:
        return http.post(f"{THERE}/token", data={**form, "assertion": grant, **more})


@both
@pytest.mark.parametrize("dpop", [False, True])
def test_a_service_gets_at_an_api_of_another_company(
    fake_actas: FakeActas, tickets: FakeActas, kind: str, dpop: bool
) -> None:
    key = DpopKey.generate() if dpop else False
    token = crossed(fake_actas, fake_actas.id_token("alice", to="desk"), kind=kind, dpop=key)
    assert (token.scheme, sorted(token.scopes)) == ("DPoP" if dpop else "Bearer", ["tickets:read"])

    verifier = Verifier(THERE, audience=API)
    tickets.stand_in(verifier)
    headers = token.headers("GET", API)
    caller = asyncio.run(verifier.check(method="GET", url=API, headers=headers, scopes=["tickets:read"]))
    assert (caller.subject.id, caller.subject.kind, caller.client_id) == ("alice", "person", "acme-desk")


def test_each_side_remembers_what_it_was_asked(fake_actas: FakeActas, tickets: FakeActas) -> None:
    crossed(fake_actas, fake_actas.id_token("alice", to="desk"))
    home, there = fake_actas.exchanges[-1], tickets.exchanges[-1]
    asked = ("alice", API, ["tickets:read"])
    assert (home.subject, home.to, sorted(home.scopes)) == asked
    assert (there.subject, there.to, sorted(there.scopes)) == asked
    assert (home.client_id, there.client_id) == ("desk", "acme-desk")
    assert len(fake_actas.exchanges) == len(tickets.exchanges) == 1


def test_each_side_refuses_on_command_and_says_that_it_was_it(
    fake_actas: FakeActas, tickets: FakeActas
) -> None:
    person = fake_actas.id_token("alice", to="desk")
    fake_actas.refuse("connection_paused")
    with pytest.raises(Refused) as home:
        crossed(fake_actas, person)
    assert (home.value.server, home.value.code, home.value.reason) == (
        ISSUER,
        "invalid_target",
        "connection_paused",
    )
    assert tickets.exchanges == []
    fake_actas.allow()
    tickets.refuse("unknown_person")
    with pytest.raises(Refused) as there:
        crossed(fake_actas, person)
    assert (there.value.server, there.value.code, there.value.reason) == (
        THERE,
        "invalid_grant",
        "unknown_person",
    )
    tickets.allow()
    assert crossed(fake_actas, person).reveal()


def test_only_who_signed_in_to_this_app_is_vouched_for(fake_actas: FakeActas, tickets: FakeActas) -> None:
    for wrong in (
        fake_actas.token("alice"),
        fake_actas.id_token("alice", to="another-app"),
        Token("made-up", audience="desk"),
    ):
        with pytest.raises(Refused) as refused:
            crossed(fake_actas, wrong)
        assert (refused.value.code, refused.value.reason) == ("invalid_grant", "bad_subject")
    with pytest.raises(SignInAgain):
        crossed(fake_actas, fake_actas.id_token("alice", to="desk", life=-1))
    ended = fake_actas.id_token("alice", to="desk")
    fake_actas.revoke(ended)
    with pytest.raises(Refused) as refused:
        crossed(fake_actas, ended)
    assert refused.value.reason == "revoked"
    assert tickets.exchanges == []


def test_there_is_no_way_but_the_one_that_was_agreed(fake_actas: FakeActas, tickets: FakeActas) -> None:
    person = fake_actas.id_token("alice", to="desk")
    with pytest.raises(Refused) as refused:
        crossed(fake_actas, person, resource="https://other.tickets.example")
    assert refused.value.reason == "no_connection"
    with pytest.raises(ValueError, match="there already"):
        fake_actas.beyond(THERE, audience="https://other.tickets.example", client_id="acme-desk")
    assert tickets.exchanges == []


def test_a_grant_is_good_once_for_the_client_that_it_names(fake_actas: FakeActas, tickets: FakeActas) -> None:
    grant = granted(fake_actas, fake_actas.id_token("alice", to="desk")).reveal()
    for wrong, asked in ((grant, {"client_id": "somebody"}), ("x", {}), (grant, {"scope": "tickets:burn"})):
        assert redeemed(tickets, wrong, **asked).status_code == 400
    first = redeemed(tickets, grant)
    assert first.status_code == 200
    assert said_by(first.json()["access_token"])["scope"] == "tickets:read"
    assert redeemed(tickets, grant).json()["error_uri"].endswith("#grant_reused")
    verifier = sync.Verifier(THERE, audience=API)
    tickets.stand_in(verifier)
    with pytest.raises(Exception, match="typ is not"):
        verifier.check_token(grant)


def test_who_is_revoked_there_is_let_in_no_more(fake_actas: FakeActas, tickets: FakeActas) -> None:
    grant = granted(fake_actas, fake_actas.id_token("alice", to="desk")).reveal()
    tickets.revoke("alice")
    assert redeemed(tickets, grant).json() == {
        "error": "invalid_grant",
        "error_description": "Refused by the test: revoked.",
        "error_uri": "https://docs.example/errors#revoked",
    }


def test_who_does_not_redeem_grants_says_so(fake_actas: FakeActas, tickets: FakeActas) -> None:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "client_id": "desk"}
    with httpx2.Client(transport=tickets.transport) as http:
        assert http.post(f"{THERE}/token", data=form).json()["error"] == "invalid_request"
    with httpx2.Client(transport=fake_actas.transport) as http:
        asked = {**form, "assertion": "x"}
        said = http.post(f"{fake_actas.issuer}/token", data=asked).json()
    assert said["error"] == "unsupported_grant_type"


def test_details_are_granted_as_asked_and_remembered(fake_actas: FakeActas, tickets: FakeActas) -> None:
    read: dict[str, Any] = {"type": "ticket_access", "actions": ["read"]}
    person = fake_actas.id_token("alice", to="desk")
    token = crossed(fake_actas, person, scopes=[], authorization_details=[read])
    assert (token.authorization_details, token.scopes) == ((read,), frozenset())
    for asked in (fake_actas.exchanges[-1], tickets.exchanges[-1]):
        assert asked.authorization_details == (read,)
    verifier = sync.Verifier(THERE, audience=API)
    tickets.stand_in(verifier)
    assert verifier.check_token(token.reveal()).claims["authorization_details"] == [read]


@both
def test_a_service_takes_what_it_was_called_with_to_another_company(fake_actas: FakeActas, kind: str) -> None:
    stock = fake_actas.beyond(
        THERE, audience=API, client_id="acme-desk", scopes=["tickets:read"], grant="jwt"
    )
    plain: dict[str, Any] = {"grant": "jwt", "subject_type": "access_token"}
    token = crossed(fake_actas, fake_actas.token("alice", via=["assistant"]), kind=kind, **plain)
    assert [party.id for party in token.chain] == ["alice", "desk", "acme-desk"]
    verifier = sync.Verifier(THERE, audience=API)
    stock.stand_in(verifier)
    assert verifier.check_token(token.reveal(), scopes=["tickets:read"]).subject.id == "alice"

    grant = granted(fake_actas, fake_actas.token("alice"), resource=None, **plain)
    assert redeemed(stock, grant.reveal()).status_code == 200
    for wrong in (fake_actas.token("orders", kind="service"), fake_actas.id_token("alice", to="desk")):
        with pytest.raises(Refused) as refused:
            crossed(fake_actas, wrong, kind=kind, **plain)
        assert (refused.value.server, refused.value.reason) == (ISSUER, "bad_subject")


class Kept:
    """What one person's MCP client keeps."""

    tokens: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        raise AssertionError(client_info)


async def test_the_mcp_sdk_is_served_as_well(fake_actas: FakeActas, tickets: FakeActas) -> None:
    verifier = ActasTokenVerifier(THERE, audience=API)
    actas = Actas(ISSUER, client_id="desk", client_secret="s")
    fake_actas.stand_in(actas)
    tickets.stand_in(verifier)

    async def answer(request: httpx2.Request) -> httpx2.Response:
        if str(request.url) != API:
            return await fake_actas.transport.handle_async_request(request)
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        checked = await verifier.verify_token(shown) if shown else None
        return httpx2.Response(401) if checked is None else httpx2.Response(200, text=str(checked.subject))

    auth = IdentityAssertionOAuthProvider(
        server_url=API,
        storage=Kept(),
        client_id="acme-desk",
        client_secret="only-for-there",
        issuer=THERE,
        assertion_provider=grant_source(
            actas, fake_actas.id_token("alice", to="desk"), client_id="acme-desk"
        ),
    )
    async with httpx2.AsyncClient(auth=auth, transport=httpx2.MockTransport(answer)) as http:
        assert (await http.get(API)).text == "alice"
