"""The first connection, and the first app that people sign in to, of servers that run: no restart is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.managing import Managing, managed
from tests.fakes.server import SPREAD, RealServer, until
from tests.fakes.wire import FORM, Reply, ask, encoded
from tests.web.conftest import RELOADED

from actas.core.wire import ID_JAG, ID_TOKEN, TOKEN_EXCHANGE
from actas.crypto import jose

TICKETS = "https://auth.tickets.example"


@pytest.fixture(params=["sqlite", "postgresql", "workers"])
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[RealServer]]:
    """Nodes without a connection, on one file or on one PostgreSQL; or one server of two processes."""
    database = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    workers = 2 if request.param == "workers" else 1
    server = RealServer(tmp_path, database=database, workers=workers)
    with server:
        if workers > 1:
            yield [server]
            return
        with server.twin() as other:
            yield [server, other]


def connect(server: RealServer) -> None:
    server.company.named("issuers", "corp-idp")["audiences"] = {"acme-web": ["assistant"]}
    there: dict[str, Any] = {"issuer": TICKETS, "client_id": "acme", "scopes": ["tickets:read"]}
    connection = {
        "name": "tickets",
        "direction": "issue",
        "client": "assistant",
        "resource": there,
        "people": {"from": ["corp-idp"]},
    }
    server.company.tree["connections"] = [connection]


def asked(server: RealServer) -> Reply:
    form = {
        "grant_type": str(TOKEN_EXCHANGE),
        "client_id": "assistant",
        "client_secret": server.company.secrets["assistant"],
        "subject_token": server.company.id_token(),
        "subject_token_type": str(ID_TOKEN),
        "requested_token_type": str(ID_JAG),
        "audience": TICKETS,
    }
    return ask(server.port, "POST", "/token", headers={"Content-Type": FORM}, body=encoded(form))


def kids(server: RealServer) -> set[str]:
    return {key["kid"] for key in server.get("/jwks").json["keys"]}


def created(servers: list[RealServer], purpose: str) -> list[dict[str, Any]]:
    events = servers[0].events()
    return [one for one in events if one["event"] == "keys:created" and one["purpose"] == purpose]


@pytest.mark.requirement("REL-05", "REL-06", "SEC-56")
def test_the_first_connection_of_running_servers_gives_grants_of_every_node(
    servers: list[RealServer],
) -> None:
    first = servers[0]
    assert asked(first).json["error"] == "invalid_target"
    connect(first)
    first.company.write()
    first.reload(told=RELOADED)
    (made,) = created(servers, "grant")
    for server in servers:
        assert made["kid"] in kids(server)  # at once, whether or not it gives grants yet
    for server in (*servers, *servers, *servers):  # every process of each, sooner or later
        until(lambda server=server: asked(server).status == 200, limit=SPREAD)  # type: ignore[misc]
    for server in servers:
        answer = asked(server)
        assert jose.parse(str(answer.json["access_token"])).unverified_kid == made["kid"]
    first.restart()
    assert asked(first).status == 200
    assert len(created(servers, "grant")) == 1


@pytest.mark.requirement("REL-05")
@pytest.mark.parametrize("servers", ["sqlite"], indirect=True)
def test_the_first_app_that_people_sign_in_to_and_an_api_with_its_own_algorithm_need_no_restart(
    servers: list[RealServer],
) -> None:
    first, other = servers
    first.company.signed_in_to()
    first.company.named("apis", "inventory")["token"] = {"algorithm": "EdDSA"}
    first.company.write()
    first.reload(told=RELOADED)
    for purpose, algorithm in (("id_token", "RS256"), ("token", "EdDSA")):
        made = [one for one in created(servers, purpose) if one["algorithm"] == algorithm]
        assert len(made) == 1
        assert made[0]["kid"] in kids(first) & kids(other)
    form = first.company.own()

    def signed(server: RealServer) -> bool:
        return jose.parse(server.token(form)).unverified_algorithm == "EdDSA"

    for server in servers:
        until(lambda server=server: signed(server), limit=SPREAD)  # type: ignore[misc]


@pytest.mark.requirement("REL-05")
@pytest.mark.parametrize("servers", ["sqlite"], indirect=True)
def test_an_issuer_that_knows_us_by_a_key_finds_it_when_it_is_the_first(servers: list[RealServer]) -> None:
    first, other = servers
    assert all(server.get("/sign-in/keys").status == 404 for server in servers)
    first.company.signed_in_to()
    first.company.tree["issuers"].append(
        {
            "name": "partner",
            "type": "oidc",
            "issuer": "https://idp.partner.example",
            "sign_in": {"client_id": "acme-actas", "private_key_jwt": {"algorithm": "ES256"}},
        }
    )
    first.company.write()
    first.reload(told=RELOADED)
    (made,) = created(servers, "client")
    for server in (first, other):
        until(lambda server=server: server.get("/sign-in/keys").status == 200, limit=SPREAD)  # type: ignore[misc]
        assert [key["kid"] for key in server.get("/sign-in/keys").json["keys"]] == [made["kid"]]


@pytest.mark.requirement("REL-05")
def test_the_first_connection_that_the_console_makes_gives_grants_at_once(tmp_path: Path) -> None:
    server = managed(tmp_path)
    server.company.named("issuers", "corp-idp")["audiences"] = {"acme-web": ["assistant"]}
    with server:
        connect(server)
        (document,) = server.company.tree["connections"]
        made = Managing(server, "chief").put("/connections/tickets", document)
        assert made.status == 201, made
        assert asked(server).status == 200
        assert len(created([server], "grant")) == 1
