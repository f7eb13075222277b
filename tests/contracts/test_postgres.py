"""The PostgreSQL that the contract suites run on is a real one, and every test has a database of its own."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from tests.fakes.postgres import copy_database, drop_database
from tests.fakes.shared_log import run


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


async def test_a_database_is_copied_once_nobody_is_there_any_more(postgres: str) -> None:
    connection = await asyncpg.connect(postgres)
    await connection.execute("CREATE TABLE seen (number int)")
    asyncio.get_running_loop().call_later(0.2, connection.terminate)
    copy = await copy_database(postgres)
    try:
        there = await asyncpg.connect(copy)
        assert await there.fetchval("SELECT count(*) FROM seen") == 0
        await there.close()
    finally:
        await drop_database(copy)


async def test_who_keeps_a_database_from_being_copied_is_named(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fakes.postgres.LEAVING", 0.2)
    connection = await asyncpg.connect(postgres, server_settings={"application_name": "forgotten"})
    try:
        await connection.execute("SELECT 'its last statement'")
        with pytest.raises(AssertionError, match=r"forgotten.*its last statement"):
            await copy_database(postgres)
    finally:
        await connection.close()


async def test_what_a_job_in_a_thread_of_its_own_raises_is_raised() -> None:
    async def failing() -> None:
        raise OSError("what happened")

    with pytest.raises(OSError, match="what happened"):
        run(failing())
