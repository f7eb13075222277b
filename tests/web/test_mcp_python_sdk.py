"""The MCP Python SDK, unmodified, from the sign-in to a tool of another company: two real servers and an MCP server.

Leg 1 is ours (`grant_source`), leg 2 is that SDK's own (`IdentityAssertionOAuthProvider`), and so is the MCP server
with its metadata and its challenges, behind `ActasTokenVerifier`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider, OAuthTokenError
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from tests.fakes.browser import Browser
from tests.fakes.mcp_served import NEEDED, ServedMcp
from tests.fakes.program import Program
from tests.fakes.server import SPREAD, RealServer, until
from tests.web.conftest import RELOADED
from tests.web.test_cross_app import PASSWORD, SECRET, Domains, arranged
from tests.web.test_signing_in import CALLBACK, claims_of

from actas.admin.revoking import APART
from actas_sdk import Actas, Refused
from actas_sdk.mcp import grant_source


class Kept:
    """What one person's client keeps."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass
class Companies:
    """Two companies, and the MCP server of the second."""

    domains: Domains
    mcp: ServedMcp

    def who(self, id_token: str, kept: Kept | None = None, **more: Any) -> dict[str, Any]:
        """What the tool says about a client of the MCP SDK that works for somebody."""
        return asyncio.run(self._who(id_token, Kept() if kept is None else kept, **more))

    async def _who(
        self,
        id_token: str,
        kept: Kept,
        *,
        mode: Any = "auto",
        scope: str = NEEDED,
        scopes: Iterable[str] = (NEEDED,),
        subject_type: str = "id_token",
    ) -> dict[str, Any]:
        home = self.domains.home
        async with Actas(home.issuer, client_id="desk", client_secret=home.company.secrets["desk"]) as actas:
            auth = IdentityAssertionOAuthProvider(
                server_url=self.mcp.address,
                storage=kept,
                client_id="acme-desk",
                client_secret=SECRET,
                issuer=self.domains.tickets.issuer,
                assertion_provider=grant_source(
                    actas, id_token, client_id="acme-desk", scopes=scopes, subject_type=subject_type
                ),
                scope=scope,
            )
            return await called_by(auth, self.mcp.address, mode=mode)

    def token(self, **more: Any) -> str:
        """A token for the MCP server, by hand."""
        grant = self.domains.granted(self.domains.signed_in()["id_token"], resource=self.mcp.address, **more)[
            "access_token"
        ]
        token: str = self.domains.redeemed(grant)["access_token"]
        return token

    def called(self, token: str | None) -> httpx2.Response:
        """What a request with a token is answered."""
        shown = {} if token is None else {"Authorization": f"Bearer {token}"}
        asked = {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "c", "version": "1"},
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": asked}
        accepted = {"Accept": "application/json, text/event-stream"}
        return httpx2.post(self.mcp.address, json=body, headers={**accepted, **shown}, timeout=30)


async def called_by(auth: httpx2.Auth, address: str, *, mode: Any = "auto") -> dict[str, Any]:
    """Call the tool as the MCP SDK's own client does. Returns what it says."""
    async with (
        httpx2.AsyncClient(auth=auth, timeout=30) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as client,
    ):
        said = await client.call_tool("whoami", {})
        assert said.structured_content is not None, said
        return dict(said.structured_content)


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Companies]:
    with ServedMcp() as mcp:
        it = arranged(tmp_path_factory.mktemp("mcp"), api=mcp.address)
        it.home.company.tree["users"][0]["email"] = "alice@home.example"
        tickets = it.tickets.company
        tickets.tree["connections"][0] |= {
            "scopes": ["tickets:read", "tickets:comment"],
            "people": {"match": "email"},
        }
        tickets.named("issuers", "acme").update(email_domains=["home.example"], subject="claims.email")
        tickets.environ["ALICE_PASSWORD"] = PASSWORD
        tickets.tree["users"] = [
            {"name": "al", "email": "alice@home.example", "password": {"env": "ALICE_PASSWORD"}}
        ]
        tickets.named("clients", "desk").update(
            redirect_uris=[CALLBACK],
            grants=["authorization_code"],
            may_request={"apis": ["tickets"]},
            sign_in={"consent": "never"},
        )
        with it.home, it.tickets:
            mcp.start(
                it.tickets.issuer,
                revocation=True,
                client_id="orders",
                client_secret=tickets.secrets["orders"],
            )
            yield Companies(it, mcp)


def only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error that the MCP client has wrapped, however often."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        assert len(found.exceptions) == 1, found.exceptions
        found = found.exceptions[0]
    return found


@contextmanager
def configured(server: RealServer, section: str, **changes: Any) -> Iterator[None]:
    """Have the first of a section differ while the server runs."""
    tree = server.company.tree
    before = tree[section]
    tree[section] = [{**before[0], **changes}, *before[1:]]
    server.company.write()
    server.reload(told=RELOADED)
    yield
    tree[section] = before
    server.company.write()
    server.reload(told=RELOADED)


@pytest.mark.requirement("JAG-121")
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_tool_knows_who_signed_in_at_the_other_company(companies: Companies, mode: str) -> None:
    kept = Kept()
    said = companies.who(companies.domains.signed_in()["id_token"], kept, mode=mode)
    assert said == {"subject": "actas:al", "client": "acme-desk", "chain": ["actas:al"]}
    assert kept.tokens is not None
    token = claims_of(kept.tokens.access_token)
    assert (token["iss"], token["aud"], token["scope"]) == (
        companies.domains.tickets.issuer,
        companies.mcp.address,
        NEEDED,
    )


def test_the_client_keeps_its_token_and_asks_for_another_when_that_is_refused(companies: Companies) -> None:
    kept, person = Kept(), companies.domains.signed_in()["id_token"]
    companies.who(person, kept)
    first = kept.tokens
    companies.who(person, kept)
    assert kept.tokens is first
    kept.tokens = OAuthToken(access_token="expired-long-ago", expires_in=3600)
    assert companies.who(person, kept)["subject"] == "actas:al"
    assert kept.tokens.access_token not in ("expired-long-ago", first and first.access_token)


def test_a_refresh_token_of_the_sign_in_does_as_well(companies: Companies) -> None:
    kept = companies.domains.signed_in()["refresh_token"]
    assert companies.who(kept, subject_type="refresh_token")["subject"] == "actas:al"


def test_while_the_connection_is_paused_nobody_gets_in_and_it_is_our_side_that_says_so(
    companies: Companies,
) -> None:
    person, kept = companies.domains.signed_in()["id_token"], Kept()
    home = companies.domains.home
    with (
        configured(home, "connections", disabled=True),
        pytest.raises(BaseExceptionGroup) as group,
    ):
        companies.who(person, kept)
    refused = only(group.value)
    assert isinstance(refused, Refused)
    assert (refused.server, refused.code, refused.reason) == (
        home.issuer,
        "invalid_target",
        "connection_paused",
    )
    assert refused.entry
    assert kept.tokens is None
    assert companies.who(person, kept)["subject"] == "actas:al"


def test_what_the_other_side_refuses_is_the_other_sides_word(companies: Companies) -> None:
    person = companies.domains.signed_in()["id_token"]
    with (
        configured(companies.domains.tickets, "connections", disabled=True),
        pytest.raises(BaseExceptionGroup) as group,
    ):
        companies.who(person)
    refused = only(group.value)
    assert isinstance(refused, OAuthTokenError)
    assert "invalid_grant" in str(refused)
    assert person not in str(refused)


def test_a_grant_or_a_token_of_another_api_opens_nothing(companies: Companies) -> None:
    tickets = companies.domains.tickets
    grant = companies.domains.granted(
        companies.domains.signed_in()["id_token"], resource=companies.mcp.address
    )["access_token"]
    other = tickets.token(tickets.company.own())
    assert claims_of(other)["iss"] == tickets.issuer
    for wrong in (None, grant, other, companies.domains.signed_in()["access_token"]):
        answer = companies.called(wrong)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert companies.called(companies.token()).status_code == 200


def test_a_missing_scope_is_named_and_the_client_steps_up_by_it(companies: Companies) -> None:
    answer = companies.called(companies.token(scope="tickets:comment"))
    assert answer.status_code == 403
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert challenge.endswith(f', scope="{NEEDED}"')

    kept = Kept()
    person = companies.domains.signed_in()["id_token"]
    assert companies.who(person, kept, scope="tickets:comment", scopes=())["subject"] == "actas:al"
    assert kept.tokens is not None
    assert claims_of(kept.tokens.access_token)["scope"] == "tickets:comment tickets:read"


def test_a_client_that_knows_nothing_finds_the_server_by_what_the_mcp_server_says_of_itself(
    companies: Companies,
) -> None:
    tickets, address = companies.domains.tickets, companies.mcp.address
    browser, kept = Browser(tickets.base), Kept()
    kept.client = OAuthClientInformationFull.model_validate(
        {
            "client_id": "desk",
            "client_secret": tickets.company.secrets["desk"],
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code"],
            "token_endpoint_auth_method": "client_secret_post",
            "issuer": tickets.issuer,
        }
    )

    async def person(url: str) -> None:
        assert parse_qs(urlsplit(url).query)["resource"] == [address]
        browser.get(url)
        browser.sign_in("al", PASSWORD)
        browser.send(decision="allow")
        browser.follow()

    async def came_back() -> AuthorizationCodeResult:
        return AuthorizationCodeResult.model_validate(browser.answer())

    async def discovered() -> dict[str, Any]:
        auth = OAuthClientProvider(
            server_url=address,
            client_metadata=OAuthClientMetadata.model_validate({"redirect_uris": [CALLBACK]}),
            storage=kept,
            redirect_handler=person,
            callback_handler=came_back,
        )
        return await called_by(auth, address)

    said = asyncio.run(discovered())
    assert (said["subject"], said["client"]) == ("actas:al", "desk")
    described = httpx2.get(address.replace("/mcp", "/.well-known/oauth-protected-resource/mcp")).json()
    assert (described["resource"], described["authorization_servers"]) == (address, [tickets.issuer])


@pytest.mark.requirement("REL-21")
def test_what_somebody_has_is_ended_at_the_resource_side_within_seconds(
    companies: Companies, tmp_path: Path
) -> None:
    token = companies.token()
    assert companies.called(token).status_code == 200
    tickets = companies.domains.tickets
    actas = Program(
        tmp_path / "home",
        environ={**tickets.company.environ, "ACTAS_CONFIG": str(tickets.company.file), "ACTAS_DEV": "1"},
        now=time.time(),
    )
    ran = actas("revoke", "--subject", "actas:al", "--reason", "HELP-311", "--yes")
    assert ran.code == 0, ran.err
    ended = time.time()
    until(lambda: companies.called(token).status_code == 401, limit=SPREAD, because="it is refused")
    until(lambda: time.time() > ended + APART + 1, because="what is issued now is issued later")
    assert companies.who(companies.domains.signed_in()["id_token"])["subject"] == "actas:al"


@pytest.mark.requirement("SEC-23")
def test_who_is_switched_off_at_the_resource_side_is_out_at_once_and_stays_out(companies: Companies) -> None:
    person, kept, token = companies.domains.signed_in()["id_token"], Kept(), companies.token()
    assert companies.called(token).status_code == 200
    with configured(companies.domains.tickets, "users", disabled=True):
        until(lambda: companies.called(token).status_code == 401, limit=SPREAD, because="it is refused")
        with pytest.raises(BaseExceptionGroup) as group:
            companies.who(person, kept)
        refused = only(group.value)
        assert isinstance(refused, OAuthTokenError)
        assert "invalid_grant" in str(refused)
        assert kept.tokens is None
