"""The check in front of an MCP server, and grants for a client of one: the adapter for the MCP Python SDK."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from sdk.tests.support import ISSUER, StillWorld
from sdk.tests.two_servers import API, OURS, THERE, WELL_KNOWN, TwoServers, said
from starlette.testclient import TestClient

from actas_sdk import Actas, BadAnswer, DpopKey, Misconfigured, NoPerson, Refused, Token
from actas_sdk.mcp import ActasMiddleware, ActasTokenVerifier, current_caller, grant_source
from actas_sdk.testing import FakeActas

HERE = "http://127.0.0.1:8000/mcp"
NEEDED = "pages:search"


def serving(verifier: ActasTokenVerifier, *, middleware: bool = True) -> TestClient:
    settings = {"issuer_url": ISSUER, "resource_server_url": HERE, "required_scopes": [NEEDED]}
    auth = AuthSettings.model_validate({**settings, "validate_token_resource": True})
    server: MCPServer[Any] = MCPServer(
        "handbook", token_verifier=verifier, lifespan=verifier.lifespan, auth=auth
    )

    @server.tool()
    async def whoami() -> dict[str, Any]:
        """Say who calls."""
        caller = current_caller()
        return {
            "subject": caller.subject.id,
            "actor": caller.actor.id,
            "chain": [party.id for party in caller.chain],
        }

    @server.tool()
    def blocking() -> str:
        """Say who calls, from a thread."""
        return current_caller().subject.id

    @server.tool()
    def write() -> str:
        """Write a page."""
        current_caller().require(["pages:write"])
        return "written"

    @server.resource("pages://secret")
    def secret() -> str:
        """Read a page."""
        current_caller().require(["pages:write"])
        return "read"

    app = server.streamable_http_app(stateless_http=True, json_response=True)
    if middleware:
        app.add_middleware(ActasMiddleware, scopes=[NEEDED])
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


@pytest.fixture
def verifier(fake_actas: FakeActas) -> ActasTokenVerifier:
    made = ActasTokenVerifier(ISSUER, audience=HERE)
    fake_actas.stand_in(made)
    return made


@pytest.fixture
def http(verifier: ActasTokenVerifier) -> Iterator[TestClient]:
    with serving(verifier) as client:
        yield client


def called(http: TestClient, token: Token | None, tool: str = "whoami", **headers: str) -> Any:
    """Call the tool. Returns the answer as it came."""
    shown = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": {}}}
    accepted = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    return http.post("/mcp", json=body, headers={**accepted, **shown, **headers})


def test_a_tool_knows_for_whom_and_by_whom_it_is_called(http: TestClient, fake_actas: FakeActas) -> None:
    for person in ("alice", "dana"):
        answer = called(http, fake_actas.token(person, via=["assistant", "desk"], scopes=[NEEDED]))
        assert answer.status_code == 200, answer.text
        assert json.loads(answer.json()["result"]["content"][0]["text"]) == {
            "subject": person,
            "actor": "desk",
            "chain": [person, "assistant", "desk"],
        }


def test_a_tool_that_blocks_knows_it_too(http: TestClient, fake_actas: FakeActas) -> None:
    answer = called(http, fake_actas.token("alice", scopes=[NEEDED]), "blocking")
    assert answer.json()["result"]["content"][0]["text"] == "alice"


def test_a_scope_that_a_tool_misses_is_told_to_its_client(
    http: TestClient, fake_actas: FakeActas, caplog: pytest.LogCaptureFixture
) -> None:
    less, more = (fake_actas.token("alice", scopes=[NEEDED, *scopes]) for scopes in ([], ["pages:write"]))
    refused = called(http, less, "write").json()["result"]
    assert refused["isError"] is True
    assert refused["content"][0]["text"] == "Error executing tool write: missing scope: pages:write"
    granted = called(http, more, "write").json()["result"]
    assert (granted["isError"], granted["content"][0]["text"]) == (False, "written")

    body = {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "pages://secret"}}
    told = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {less.reveal()}"}
    answer = http.post("/mcp", json=body, headers=told).json()
    assert "missing scope: pages:write" in answer["error"]["message"]
    assert [one for one in caplog.records if one.exc_info] == []


def test_what_is_no_token_for_this_server_is_refused_with_a_challenge(
    http: TestClient, fake_actas: FakeActas
) -> None:
    other = FakeActas(ISSUER, audience=HERE)
    for wrong in (
        None,
        fake_actas.token("alice", scopes=[NEEDED], to="https://other.acme.example"),
        fake_actas.token("alice", scopes=[NEEDED], life=-1),
        fake_actas.token("alice", scopes=[NEEDED], claims={"iss": "https://evil.example"}),
        fake_actas.token("alice", scopes=[NEEDED], claims={"client_id": None}),
        other.token("alice", scopes=[NEEDED]),
    ):
        answer = called(http, wrong)
        assert answer.status_code == 401
        challenge = answer.headers["www-authenticate"]
        assert challenge.startswith('Bearer error="invalid_token"')
        assert (
            'resource_metadata="http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp"' in challenge
        )
        assert challenge.endswith(f', scope="{NEEDED}"')


def test_a_token_that_is_bound_to_a_key_is_never_taken(http: TestClient, fake_actas: FakeActas) -> None:
    key = DpopKey.generate()
    bound = fake_actas.token("alice", scopes=[NEEDED], dpop=key)
    shown = bound.headers("POST", HERE)
    assert called(http, bound).status_code == 401
    assert called(http, bound, DPoP=shown["DPoP"]).status_code == 401
    assert called(http, None, **shown).status_code == 401
    certificate: dict[str, Any] = {"cnf": {"x5t#S256": "A" * 43}}
    assert called(http, fake_actas.token("alice", scopes=[NEEDED], claims=certificate)).status_code == 401


def test_a_missing_scope_is_named_in_the_challenge(http: TestClient, fake_actas: FakeActas) -> None:
    answer = called(http, fake_actas.token("alice", scopes=["pages:list"]))
    assert answer.status_code == 403
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert challenge.endswith(f', scope="{NEEDED}"')


def test_when_keys_cannot_be_had_nobody_throws_a_good_token_away(
    http: TestClient, fake_actas: FakeActas, verifier: ActasTokenVerifier
) -> None:
    token = fake_actas.token("alice", scopes=[NEEDED])
    fake_actas.go_down(retry_after=60)
    answer = called(http, token)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert answer.json()["error"] == "temporarily_unavailable"
    assert "www-authenticate" not in answer.headers
    with serving(verifier, middleware=False) as plain:
        assert called(plain, token).status_code == 500


def test_what_was_revoked_is_refused(fake_actas: FakeActas) -> None:
    guarded = ActasTokenVerifier(
        ISSUER, audience=HERE, revocation=True, client_id="handbook", client_secret="s"
    )
    fake_actas.stand_in(guarded)
    with serving(guarded) as http:
        token = fake_actas.token("alice", scopes=[NEEDED])
        assert called(http, token).status_code == 200
        fake_actas.revoke("alice")
        assert called(http, token).status_code == 401


async def test_what_the_mcp_sdk_gets_says_everything_and_does_not_print_the_token(
    fake_actas: FakeActas, verifier: ActasTokenVerifier
) -> None:
    token = fake_actas.token("alice", via=["assistant"], scopes=["b", "a"])
    checked = await verifier.verify_token(token.reveal())
    assert checked is not None
    assert (checked.client_id, checked.subject, checked.scopes) == ("assistant", "alice", ["a", "b"])
    assert (checked.resource, checked.expires_at) == (HERE, token.expires_at)
    assert checked.claims is not None
    assert checked.claims["iss"] == ISSUER
    assert checked.claims["act"]["sub"] == "assistant"
    assert token.reveal() not in f"{checked!r} {checked}"


async def test_sessions_of_reference_tokens_are_told_apart_by_issuer_too(fake_actas: FakeActas) -> None:
    asking = ActasTokenVerifier(
        ISSUER, audience=HERE, introspection=True, client_id="handbook", client_secret="s"
    )
    fake_actas.stand_in(asking)
    checked = await asking.verify_token(fake_actas.token("alice", via=["assistant"], reference=True).reveal())
    assert checked is not None
    assert checked.claims is not None
    assert checked.claims["iss"] == ISSUER


def test_outside_of_a_request_nobody_is_calling() -> None:
    with pytest.raises(NoPerson):
        current_caller()


def test_a_scope_that_is_none_cannot_get_into_a_challenge(verifier: ActasTokenVerifier) -> None:
    with pytest.raises(Misconfigured):
        ActasMiddleware(serving(verifier).app, scopes=['a", error="x'])


@pytest.fixture
def servers(still: StillWorld) -> TwoServers:
    return TwoServers(still)


def asking(servers: TwoServers, **more: Any) -> Actas:
    client = servers.client("async", **more)
    assert isinstance(client, Actas)
    return client


def test_a_source_gives_a_new_grant_each_time_for_what_the_client_names(servers: TwoServers) -> None:
    source = grant_source(asking(servers), "alice-id-token", client_id="acme-desk", scopes=["tickets:read"])

    async def both() -> list[str]:
        return list(await asyncio.gather(source(THERE, API), source(THERE, API)))

    assert len(set(asyncio.run(both()))) == 2
    for form in servers.forms(OURS):
        assert (form["audience"], form["resource"], form["scope"]) == (THERE, API, "tickets:read")
        assert form["subject_token"] == "alice-id-token"


def test_each_persons_grants_are_bought_with_their_own_token(servers: TwoServers) -> None:
    client = asking(servers)
    alice, dana = (
        grant_source(client, f"{who}-id-token", client_id="acme-desk") for who in ("alice", "dana")
    )

    async def in_turn() -> list[str]:
        return [await source(THERE, API) for source in (alice, dana, alice)]

    assert len(set(asyncio.run(in_turn()))) == 3
    assert [form["subject_token"].partition("-")[0] for form in servers.forms(OURS)] == [
        "alice",
        "dana",
        "alice",
    ]


@pytest.mark.requirement("JAG-114")
def test_a_source_asks_for_nothing_when_the_other_server_is_not_the_one_meant(servers: TwoServers) -> None:
    servers.script.answers[WELL_KNOWN] = said({"issuer": "https://evil.example", "token_endpoint": OURS})
    source = grant_source(asking(servers), "alice-id-token", client_id="acme-desk")
    with pytest.raises(BadAnswer) as bad:
        asyncio.run(source(THERE, API))
    assert (bad.value.server, servers.script.asked(OURS)) == (THERE, 0)


def test_a_source_passes_a_refusal_on_as_it_is(servers: TwoServers) -> None:
    servers.script.answers[OURS] = said({"error": "invalid_target"}, 400)
    source = grant_source(asking(servers), "alice-id-token", client_id="acme-desk")
    with pytest.raises(Refused) as refused:
        asyncio.run(source(THERE, API))
    assert (refused.value.server, servers.script.asked(OURS)) == (ISSUER, 1)


def test_a_source_that_cannot_work_is_not_made(servers: TwoServers) -> None:
    client = asking(servers)
    with pytest.raises(NoPerson):
        grant_source(client, None, client_id="acme-desk")
    wrongs: list[dict[str, Any]] = [{"client_id": ""}, {"client_id": "acme-desk", "scopes": "tickets:read"}]
    for wrong in wrongs:
        with pytest.raises(Misconfigured):
            grant_source(client, "alice-id-token", **wrong)
    with pytest.raises(Misconfigured, match="proves no key"):
        grant_source(asking(servers, dpop=True), "alice-id-token", client_id="acme-desk")


def test_the_mcp_sdk_is_loaded_only_by_whoever_imports_the_adapter() -> None:
    code = "import sys, actas_sdk, actas_sdk.sync, actas_sdk.testing; print('mcp' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert told.stdout.strip() == "False"
