"""Reference tokens over sockets: two nodes of one company, on SQLite and on PostgreSQL, and clients of others."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import asyncpg
import pytest
from requests_oauth2client import ClientSecretBasic, OAuth2Client
from tests.fakes import postgres
from tests.fakes.server import SPREAD, RealServer, until
from tests.fakes.wire import FORM, Reply, ask, encoded

from actas.core.opaque import REFERENCE, is_whole

Nodes = tuple[RealServer, RealServer]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def nodes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    url = asyncio.run(postgres.create_database()) if request.param == "postgresql" else None
    changes = {"defaults": {"token": {"format": "reference"}}}
    folder = tmp_path_factory.mktemp("references")
    with RealServer(folder, database=url, changes=changes) as first, first.twin() as second:
        yield first, second
    if url is not None:
        asyncio.run(postgres.drop_database(url))


def post(server: RealServer, path: str, who: str, **form: str) -> Reply:
    fields = {"client_id": who, "client_secret": server.company.secrets[who], **form}
    return ask(server.port, "POST", path, headers={"Content-Type": FORM}, body=encoded(fields))


def active(server: RealServer, token: str, who: str = "orders") -> bool:
    return bool(post(server, "/introspect", who, token=token).json["active"])


@pytest.mark.requirement("TX-81", "TX-82", "TX-83", "TX-132", "TX-30")
def test_a_token_of_one_node_is_known_on_the_other_at_once_and_exchanged_there(nodes: Nodes) -> None:
    first, second = nodes
    answer = first.post(first.company.for_alice()).json
    assert {"issued_token_type", "token_type", "expires_in", "scope", "access_token"} == answer.keys()
    assert (answer["issued_token_type"].rpartition(":")[2], answer["token_type"]) == (
        "access_token",
        "Bearer",
    )
    token = answer["access_token"]
    assert is_whole(token, REFERENCE)
    said = post(second, "/introspect", "orders", token=token).json
    assert (said["sub"], said["client_id"], said["scope"]) == (
        "alice@acme.example",
        "assistant",
        "orders:read",
    )
    form = second.company.exchange("orders", token, audience="inventory", scope="stock:read")
    child = second.token(form)
    chain = post(first, "/introspect", "orders", token=child).json
    assert (chain["act"]["sub"], chain["act"]["act"]["sub"]) == ("orders", "assistant")
    assert post(first, "/revoke", "assistant", token=token).status == 200
    assert not active(first, child)
    until(lambda: not active(second, child), limit=SPREAD)
    assert second.post(form).json["error_uri"].endswith("revoked")


def test_a_client_of_others_uses_one_like_any_token(nodes: Nodes) -> None:
    first, _ = nodes
    company = first.company

    def client(name: str) -> OAuth2Client:
        return OAuth2Client.from_discovery_endpoint(
            f"{first.base}/.well-known/oauth-authorization-server",
            issuer=first.issuer,
            auth=ClientSecretBasic(name, company.secrets[name]),
            testing=True,
        )

    token = client("nightly").client_credentials(audience="inventory")
    assert str(token).startswith(REFERENCE)
    said = client("nightly").introspect_token(token)
    assert (said["active"], said["sub"]) == (True, "nightly")
    assert client("nightly").revoke_access_token(token)
    assert client("nightly").introspect_token(token)["active"] is False


def test_many_at_once_are_all_kept_and_none_is_given_twice(nodes: Nodes) -> None:
    def one(number: int) -> str:
        return nodes[number % 2].token(nodes[0].company.own())

    with ThreadPoolExecutor(16) as pool:
        tokens = list(pool.map(one, range(120)))
    assert len(set(tokens)) == 120
    assert all(active(nodes[1], token, "nightly") for token in tokens[::9])


@pytest.mark.requirement("REL-01", "SEC-86")
def test_what_was_answered_is_kept_when_the_server_is_killed(nodes: Nodes) -> None:
    first, second = nodes
    token = first.token(first.company.for_alice())
    first.kill9()
    assert active(second, token)
    first.start()
    assert active(first, token)


@pytest.mark.requirement("SEC-96", "SEC-87")
def test_the_database_holds_no_token_and_nothing_of_what_it_says(nodes: Nodes) -> None:
    first, _ = nodes
    token = first.token(first.company.for_alice())
    rows = _rows(first)
    assert rows
    for digest, sealed in rows:
        assert len(digest) == 43
        for secret in (token, token.removeprefix(REFERENCE), "alice", "orders:read"):
            assert secret not in digest
            assert secret.encode() not in sealed


def _rows(server: RealServer) -> list[tuple[str, bytes]]:
    wanted = "SELECT digest, sealed FROM opaque_tokens"
    if server.database is None:
        with closing(sqlite3.connect(server.data / "actas.db")) as connection:
            return [(str(row[0]), bytes(row[1])) for row in connection.execute(wanted)]

    async def read(url: str) -> list[tuple[str, bytes]]:
        connection = await asyncpg.connect(url)
        try:
            return [(str(row[0]), bytes(row[1])) for row in await connection.fetch(wanted)]
        finally:
            await connection.close()

    return asyncio.run(read(server.database))
