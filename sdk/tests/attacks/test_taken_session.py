"""Attack: speak in somebody else's MCP session.

A session of an MCP server has a name that travels in a header, and names leak. Whoever has a token of their own,
good for the same server, could go on where somebody else began, or be taken for them: when the server keeps who
opened the session instead of who sends the request, or cannot tell the two apart. The MCP SDK compares client,
issuer and person, as far as its verifier says them; ours says all three, and who calls is read from each request.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from sdk.tests.support import ISSUER
from starlette.testclient import TestClient

from actas_sdk import Token
from actas_sdk.mcp import ActasTokenVerifier, current_caller
from actas_sdk.testing import FakeActas

HERE = "http://127.0.0.1:8000/mcp"
HELLO: dict[str, Any] = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "c", "version": "1"},
}


@pytest.fixture(params=["signed", "reference"])
def reference(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "reference")


@pytest.fixture
def http(fake_actas: FakeActas) -> Iterator[TestClient]:
    verifier = ActasTokenVerifier(
        ISSUER, audience=HERE, introspection=True, client_id="handbook", client_secret="s"
    )
    fake_actas.stand_in(verifier)
    settings = {"issuer_url": ISSUER, "resource_server_url": HERE, "validate_token_resource": True}
    server: MCPServer[Any] = MCPServer(
        "handbook", token_verifier=verifier, auth=AuthSettings.model_validate(settings)
    )

    @server.tool()
    async def whoami() -> str:
        """Say who calls."""
        return current_caller().sentence

    with TestClient(
        server.streamable_http_app(json_response=True), base_url="http://127.0.0.1:8000"
    ) as client:
        yield client


def sent(http: TestClient, token: Token, method: str, session: str | None = None, **params: Any) -> Any:
    headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {token.reveal()}"}
    if session is not None:
        headers |= {"Mcp-Session-Id": session, "Mcp-Protocol-Version": "2025-06-18"}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return http.post("/mcp", json=body, headers=headers)


def opened(http: TestClient, token: Token) -> str:
    answer = sent(http, token, "initialize", **HELLO)
    assert answer.status_code == 200, answer.text
    session: str = answer.headers["mcp-session-id"]
    return session


def said(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    text: str = json.loads(answer.text)["result"]["content"][0]["text"]
    return text


def test_a_session_is_for_whoever_opened_it(http: TestClient, fake_actas: FakeActas, reference: bool) -> None:
    session = opened(http, fake_actas.token("alice", via=["assistant"], reference=reference))
    for thief in (
        fake_actas.token("mallory", via=["assistant"], reference=reference),
        fake_actas.token("alice", via=["malicious"], reference=reference),
    ):
        answer = sent(http, thief, "tools/call", session, name="whoami", arguments={})
        assert answer.status_code == 404
        assert "alice" not in answer.text


def test_who_calls_is_read_from_each_request(
    http: TestClient, fake_actas: FakeActas, reference: bool
) -> None:
    direct = fake_actas.token("alice", via=["assistant"], reference=reference)
    session = opened(http, direct)
    longer = fake_actas.token("alice", via=["portal", "assistant"], reference=reference)
    for token in (direct, longer, direct):
        call = sent(http, token, "tools/call", session, name="whoami", arguments={})
        assert said(call) == token.sentence
