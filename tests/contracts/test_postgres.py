"""The PostgreSQL that the contract suites run on is a real one, and every test has a database of its own."""

from __future__ import annotations

import asyncpg
import pytest


@pytest.mark.parametrize("number", [1, 2])
async def test_every_test_begins_with_an_empty_database(postgres: str, number: int) -> None:
    connection = await asyncpg.connect(postgres)
    try:
        assert await connection.fetchval("SHOW server_version_num") >= "160000"
        await connection.execute("CREATE TABLE seen (number int)")
        await connection.execute("INSERT INTO seen VALUES ($1)", number)
        assert await connection.fetchval("SELECT count(*) FROM seen") == 1
    finally:
        await connection.close()
