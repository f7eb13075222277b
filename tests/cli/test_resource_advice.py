"""An MCP server's keeper is told what to publish, and ``doctor`` looks whether it does."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.hostile_issuer import Answer, HostileIssuer, document, redirect
from tests.fakes.managing import Managing, managed
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer
from tests.fakes.wire import ask

HANDBOOK = "https://mcp.acme.example/handbook"
AT = "https://mcp.acme.example/.well-known/oauth-protected-resource/handbook"


def api(audience: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": "handbook", "kind": "mcp", "audience": audience,
        "scopes": {"pages:search": "Search the handbook"}, **fields,
    }  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = managed(tmp_path_factory.mktemp("advised"))
    server.company.tree["apis"] += [
        api(HANDBOOK, token={"binding": "dpop"}),
        {"name": "wiki", "audience": "https://wiki.acme.example", "listed": True},
        {"name": "ledger", "audience": "ledger"},
    ]
    with server:
        yield server


@pytest.mark.requirement("TX-145")
def test_the_management_api_gives_the_document(server: RealServer) -> None:
    auditor = Managing(server, "eye")
    told = auditor("GET", "/apis/handbook/resource-metadata").json
    assert (told["address"], told["challenge"]) == (AT, f'DPoP resource_metadata="{AT}"')
    assert told["document"]["resource"] == HANDBOOK
    assert told["document"]["authorization_servers"] == [server.issuer]
    assert told["document"]["dpop_bound_access_tokens_required"] is True
    assert (
        auditor("GET", "/apis/wiki/resource-metadata").json["document"]["resource"].startswith("https://wiki")
    )
    assert auditor("GET", "/apis/ledger/resource-metadata").status == 404
    assert auditor("GET", "/apis/nowhere/resource-metadata").status == 404
    assert auditor("GET", "/apis/handbook/resource-metadata?x=1").status == 400
    assert Managing(server, None)("GET", "/apis/handbook/resource-metadata").status == 401


def test_showing_an_mcp_server_shows_what_its_keeper_publishes(server: RealServer, tmp_path: Path) -> None:
    actas = Program(tmp_path, environ={"ACTAS_SERVER": server.base, "ACTAS_TIMEOUT": "20"}, now=time.time())
    secret = server.company.secrets["eye"]
    assert actas("login", "--client", "eye", environ={"ACTAS_CLIENT_SECRET": secret}).code == 0
    ran = actas("apis", "show", "handbook")
    assert ran.code == 0, ran.err
    assert f"Its keeper publishes at {AT}" in ran.out
    assert f'WWW-Authenticate: DPoP resource_metadata="{AT}"' in ran.out
    told = json.loads(actas("apis", "show", "handbook", "--json").out)["resource_metadata"]
    assert told["document"]["scopes_supported"] == ["pages:search"]
    assert "resource_metadata" not in json.loads(actas("apis", "show", "orders", "--json").out)
    assert f"{HANDBOOK}, an MCP server" in actas("apis", "list").out


def test_the_metadata_names_the_apis_that_somebody_listed_and_no_others(server: RealServer) -> None:
    path = f"/.well-known/oauth-authorization-server{server.path}"
    told = json.loads(ask(server.port, "GET", path).body)
    assert told["protected_resources"] == ["https://wiki.acme.example"]


def doctor(server: RealServer, home: Path) -> Ran:
    program = Program(home, now=time.time())
    return program("doctor", "-c", str(server.company.file), "--dev", "--json", environ=server.environ)


def of_servers(ran: Ran) -> list[dict[str, Any]]:
    return [one for one in json.loads(ran.out)["results"] if one["name"] == "MCP servers"]


async def test_doctor_says_what_an_mcp_server_publishes_differently(tmp_path: Path) -> None:
    async with HostileIssuer() as host:
        resource = f"{host.issuer}/handbook"
        place = "/.well-known/oauth-protected-resource/handbook"
        server = RealServer(tmp_path)
        server.company.tree["apis"].append(api(resource))
        right = {
            "resource": resource,
            "authorization_servers": [server.issuer],
            "scopes_supported": ["pages:search"],
            "bearer_methods_supported": ["header"],
        }
        cases: list[tuple[Answer, str, str]] = [
            (document(right), "good", "says at"),
            (document({**right, "resource": f"{resource}/"}), "bad", "resource is"),
            (document({**right, "authorization_servers": ["https://x.example"]}), "bad", "lacks"),
            (document({**right, "scopes_supported": ["pages:burn"]}), "warn", "pages:burn"),
            (Answer(status=404), "warn", "status 404"),
            (redirect(302, "http://169.254.169.254/latest"), "warn", "does not say what it is"),
            (Answer(body=b"[]"), "warn", "does not say what it is"),
            (Answer(body=b"{" * 100_000), "warn", "does not say what it is"),
        ]
        with server:
            for answer, state, says in cases:
                host.answers[place] = answer
                ran = await asyncio.to_thread(doctor, server, tmp_path / "home")
                (result,) = of_servers(ran)
                assert (result["state"], says in result["says"]) == (state, True), result
                assert ran.code == (1 if state == "bad" else 0)
                assert ("actas apis show handbook" in result["remedy"]) == (state != "good")


def test_doctor_asks_no_ordinary_api_and_none_that_is_off(tmp_path: Path) -> None:
    server = RealServer(tmp_path)
    server.company.tree["apis"].append(api("http://127.0.0.1:1/handbook", disabled=True))
    with server:
        assert of_servers(doctor(server, tmp_path / "home")) == []
