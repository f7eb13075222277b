"""Servers that share a PostgreSQL: what one makes the other has, and nothing is changed without being asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from tests.fakes.server import RealServer


def kids(server: RealServer) -> set[str]:
    return {key["kid"] for key in server.get("/jwks").json["keys"]}


def run(url: str, statement: str) -> None:
    """Run one statement. Not within a running event loop."""

    async def running() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(running())


@pytest.mark.requirement("REL-27")
def test_two_servers_that_start_at_once_on_one_database_agree_on_one_key(
    tmp_path: Path, postgres: str
) -> None:
    server = RealServer(tmp_path, database=postgres)
    other = server.twin()
    try:
        for one in (server, other):
            one.company.write()
            one.launch()
        for one in (server, other):
            one.wait_until_ready()
        assert kids(server) == kids(other)
        assert len(kids(server)) == 1
        token = server.token(server.company.for_alice())
        form = other.company.exchange("orders", token, audience="inventory", scope="stock:read")
        assert other.post(form).status == 200
        assert not (server.data / "actas.db").exists()
        assert (server.stop(), other.stop()) == (0, 0)
    finally:
        server.close()
        other.close()


@pytest.mark.requirement("REL-26")
def test_a_shared_database_is_not_changed_unless_asked(tmp_path: Path, postgres: str) -> None:
    server = RealServer(tmp_path, database=postgres)
    try:
        server.flags.remove("--migrate")
        code, said = server.refuse()
        assert code == 4
        assert "has no schema yet; this release needs schema" in said
        assert "actas serve --dev -c actas.yaml --migrate once on one node" in said
        server.flags.append("--migrate")
        server.start()
        assert server.stop() == 0
        server.flags.remove("--migrate")
        server.start()
        assert server.post(server.company.own()).status == 200
    finally:
        server.close()


@pytest.mark.requirement("SEC-92")
def test_a_node_without_the_envelope_key_of_the_others_makes_none(tmp_path: Path, postgres: str) -> None:
    server = RealServer(tmp_path / "one", database=postgres)
    other = RealServer(tmp_path / "two", database=postgres)
    try:
        with server:
            assert server.stop() == 0
        code, said = other.refuse()
        assert code == 3
        assert "there is no envelope key at" in said
        assert not (other.data / "envelope.key").exists()
    finally:
        other.close()


@pytest.mark.requirement("REL-30")
def test_a_database_that_may_lose_data_wants_a_flag_and_is_shown(tmp_path: Path, postgres: str) -> None:
    name = f"actas_{postgres.rpartition('/actas_')[2].partition('?')[0]}"
    run(postgres, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    server = RealServer(tmp_path, database=postgres)
    try:
        code, said = server.refuse()
        assert code == 3
        assert "may lose what it has acknowledged: it runs with synchronous_commit off" in said
        assert "server.unsafe_database: true" in said
        server.company.tree["server"]["unsafe_database"] = True
        server.company.write()
        server.start()
        shown = json.loads(server.manage("/readyz?verbose").body)
        assert len(shown["warnings"]) == 1
        assert "synchronous_commit off" in shown["warnings"][0]
        assert "accepted by configuration" in server.said
    finally:
        server.close()


@pytest.mark.requirement("SEC-87", "REL-30")
@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://actas:canary/x@db/sts", "the database URL cannot be read"),
        ("postgresql://actas:canary@127.0.0.1:1/sts", "cannot be opened"),
        ("mysql://actas:canary@db/sts", "names neither PostgreSQL"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_its_password(
    tmp_path: Path, url: str, sentence: str
) -> None:
    server = RealServer(tmp_path, database=url)
    try:
        code, said = server.refuse()
        assert code == (4 if "opened" in sentence else 3)
        assert sentence in said
        assert "canary" not in said
        assert "Traceback" not in said
    finally:
        server.close()
