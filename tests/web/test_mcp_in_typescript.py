"""MCP in TypeScript, from the npm index: a client reaches an MCP server that another company's Actas protects.

Both ends are the SDK's own (``mcp_in_typescript/``): its ``CrossAppAccessProvider`` with
``discoverAndRequestJwtAuthGrant``, and its server behind ``requireBearerAuth``, which verifies with jose. Between them
are two servers of ours: one where alice signed in, and one that the MCP server believes. They are packages of the
SDK's second version: the first, ``@modelcontextprotocol/sdk``, has nothing for cross-app access.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import requests
from tests.fakes import node
from tests.fakes.ports import reserve
from tests.web.test_cross_app import SECRET, Domains, arranged
from tests.web.test_signing_in import claims_of

PROGRAMS: Final = Path(__file__).with_name("mcp_in_typescript")
CALL: Final[dict[str, Any]] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "whoami", "arguments": {}},
}


class Mcp:
    """Two companies, and an MCP server of the second.

    Attributes:
        url: where the MCP server is, which is its name as a resource as well.
        id_token: what desk got when alice signed in.
    """

    def __init__(self, domains: Domains, url: str) -> None:
        self.domains = domains
        self.url = url
        self.id_token: str = domains.signed_in()["id_token"]

    def told(self, story: str, *, expected: str | None = None) -> dict[str, Any]:
        """What the client tells of a story."""
        home, tickets = self.domains.home, self.domains.tickets
        asked = {
            "story": story,
            "server": self.url,
            "home": home.issuer,
            "idToken": self.id_token,
            "client": "desk",
            "secret": home.company.secrets["desk"],
            "there": {"client": "acme-desk", "secret": SECRET},
            "expected": expected or tickets.issuer,
        }
        return node.told(PROGRAMS, asked, str)

    def called_with(self, token: str | None) -> requests.Response:
        """What the MCP server answers to whoever calls its tool by hand."""
        headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return requests.post(self.url, json=CALL, headers=headers, timeout=30)

    def granted(self) -> str:
        """A grant for the MCP server."""
        answer = self.domains.granted(self.id_token, resource=self.url)
        return str(answer["access_token"])


@pytest.fixture(scope="module")
def mcp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mcp]:
    port = reserve()
    url = f"http://127.0.0.1:{port.number}/mcp"
    it = arranged(tmp_path_factory.mktemp("mcp"), api=url)
    asked = {"issuer": it.tickets.issuer, "resource": url}
    try:
        with it.home, it.tickets, node.running(PROGRAMS, "server.mjs", asked) as server:
            assert server.stdout is not None
            assert "ready" in server.stdout.readline(), server.communicate(timeout=node.PATIENCE)
            yield Mcp(it, url)
    finally:
        port.release()


@pytest.mark.requirement("JAG-20", "JAG-50", "JAG-22", "JAG-60", "JAG-121", "JAG-125")
def test_a_client_calls_a_tool_of_another_companys_server(mcp: Mcp) -> None:
    seen = mcp.told("tool")
    said = {"said": "acme:actas:alice by acme-desk for tickets:read"}
    assert (seen["first"], seen["second"]) == (said, said)
    # It found out by itself which server to ask, for what, and for how much.
    assert seen["asks"] == [
        {"server": mcp.domains.tickets.issuer, "resource": mcp.url, "scope": "tickets:read"}
    ]
    assert claims_of(seen["token"])["aud"] == mcp.url


@pytest.mark.requirement("JAG-72", "JAG-124")
def test_a_grant_that_the_client_keeps_is_good_once(mcp: Mcp) -> None:
    seen = mcp.told("twice")
    assert "said" in seen["first"]
    assert (seen["second"]["type"], seen["second"]["code"]) == ("OAuthError", "invalid_grant")


@pytest.mark.requirement("JAG-35", "JAG-55")
def test_while_the_connection_is_paused_the_client_is_told_so(mcp: Mcp) -> None:
    home = mcp.domains.home
    connection = home.company.named("connections", "desk-to-tickets")
    for paused in (True, False):
        connection["disabled"] = paused
        home.company.write()
        home.reload(told="configuration reloaded")
        seen = mcp.told("tool")["first"]
        if paused:
            assert seen["failed"].startswith("Token exchange failed: invalid_target")
        else:
            assert "said" in seen


@pytest.mark.requirement("JAG-114")
def test_a_client_that_expects_another_server_shows_nothing_to_this_one(mcp: Mcp) -> None:
    before = len(mcp.domains.home.events())
    seen = mcp.told("tool", expected="https://auth.elsewhere.example")
    assert seen["first"]["type"] == "AuthorizationServerMismatchError"
    assert (seen["asks"], len(mcp.domains.home.events())) == ([], before)


@pytest.mark.requirement("JAG-3", "JAG-121")
def test_the_server_takes_tokens_for_it_and_nothing_else(mcp: Mcp) -> None:
    grant = mcp.granted()
    tickets = mcp.domains.tickets
    for wrong in (
        None,
        grant,
        mcp.id_token,
        tickets.token(tickets.company.own()),  # of the same server, for another API
        mcp.domains.signed_in()["access_token"],  # of the other company's server
    ):
        refused = mcp.called_with(wrong)
        assert refused.status_code == 401
        assert "/.well-known/oauth-protected-resource/mcp" in refused.headers["WWW-Authenticate"]
    right = mcp.domains.redeemed(grant)["access_token"]
    taken = mcp.called_with(right)
    assert (taken.status_code, "acme:actas:alice" in taken.text) == (200, True)
    head, _, signature = right.rpartition(".")
    assert mcp.called_with(f"{head}.{signature[::-1]}").status_code == 401
