"""The main database on PostgreSQL: what the contract suite cannot see, which the two kinds share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import select, text
from tests.contracts.main_database import CLOCK
from tests.fakes.between import Between
from tests.fakes.clock import FixedClock
from tests.fakes.postgres import server

from actas.core.ports import SystemClock
from actas.core.secret import Secret
from actas.store import database_postgresql, engine
from actas.store.database import Database, connect_database, open_database
from actas.store.tables import SECRETS
from actas.store.trouble import DatabaseMisconfigured, DatabaseUnavailable

END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[Database]:
    database = await open_database(Secret(postgres), clock=CLOCK)
    yield database
    await database.close()


async def run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def test_everything_in_a_reading_transaction_sees_one_state(database: Database) -> None:
    async with database.reading() as connection:
        assert (await connection.execute(select(SECRETS))).all() == []
        async with database.writing() as writer:
            await writer.execute(SECRETS.insert().values(name="a", sealed=b"1"))
        assert (await connection.execute(select(SECRETS))).all() == []


async def test_writers_of_different_topics_do_not_wait_for_each_other(database: Database) -> None:
    async with database.writing("one") as first, database.writing("another") as second:
        await first.execute(SECRETS.insert().values(name="a", sealed=b""))
        await second.execute(SECRETS.insert().values(name="b", sealed=b""))
    with pytest.raises(DatabaseUnavailable):
        async with database.writing("one"), database.writing("one"):
            raise AssertionError("two have the same turn")


@pytest.mark.requirement("REL-25")
async def test_a_server_that_hangs_does_not_hold_up_the_close(postgres: str) -> None:
    with Between(postgres) as wire:
        database = await open_database(Secret(wire.url), clock=CLOCK)
        async with database.reading() as one, database.reading() as another:
            assert [(await each.execute(text("SELECT 1"))).scalar() for each in (one, another)] == [1, 1]
        with wire.stalled():
            async with asyncio.timeout(60):
                await database.close()


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize("setting", ["synchronous_commit"])
async def test_a_database_that_may_lose_what_it_acknowledged_is_refused(postgres: str, setting: str) -> None:
    name = postgres.rpartition("/actas_")[2].partition("?")[0]
    await run(postgres, f'ALTER DATABASE "actas_{name}" SET {setting} = off')
    with pytest.raises(DatabaseMisconfigured, match=f"may lose what it has acknowledged.*{setting} off"):
        await connect_database(Secret(postgres))
    accepted = await connect_database(Secret(postgres), accept_unsafe=True)
    assert accepted.unsafe is not None
    assert setting in accepted.unsafe
    await accepted.close()


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ((140000, "UTF8", "off", "on", "on"), "runs with fsync off"),
        ((140000, "UTF8", "on", "off", "off"), "runs with full_page_writes and synchronous_commit off"),
        ((130014, "UTF8", "on", "on", "on"), "older than PostgreSQL 14"),
        ((140000, "SQL_ASCII", "on", "on", "on"), "has the encoding SQL_ASCII"),
    ],
)
async def test_a_server_that_is_not_one_to_use_is_refused(
    postgres: str, monkeypatch: pytest.MonkeyPatch, state: tuple[object, ...], sentence: str
) -> None:
    values = ", ".join(f"'{one}'" if isinstance(one, str) else str(one) for one in state)
    monkeypatch.setattr(database_postgresql, "_STATE", f"SELECT {values}")
    with pytest.raises(DatabaseMisconfigured, match=sentence):
        await connect_database(Secret(postgres))


async def test_the_database_of_the_tests_is_as_safe_as_what_we_ask_for(database: Database) -> None:
    assert database.unsafe is None
    assert database.shared


@pytest.mark.requirement("SEC-87")
async def test_what_cannot_be_reached_is_told_without_its_password() -> None:
    with pytest.raises(DatabaseUnavailable, match="cannot be opened") as refused:
        await connect_database(Secret("postgresql://actas:hunter2@127.0.0.1:1/actas"))
    assert "hunter2" not in str(refused.value)
    assert "127.0.0.1" in str(refused.value)


async def test_a_user_who_may_not_is_told_so() -> None:
    url = server().replace("//postgres:", "//nobody-of-that-name:hunter2")
    with pytest.raises(DatabaseUnavailable, match="nobody-of-that-name") as refused:
        await connect_database(Secret(url))
    assert "hunter2" not in str(refused.value)
    assert "user and password" in str(refused.value.hint)


async def test_what_to_do_about_a_database_that_is_missing_or_silent_is_said() -> None:
    url = server().replace("/postgres?", "/nothing-of-that-name?")
    with pytest.raises(DatabaseUnavailable, match="does not exist") as missing:
        await connect_database(Secret(url))
    assert "create the database" in str(missing.value.hint)
    with pytest.raises(DatabaseUnavailable) as silent:
        await connect_database(Secret("postgresql://actas@127.0.0.1:1/actas"))
    assert "is PostgreSQL running there" in str(silent.value.hint)


async def test_a_user_without_a_right_is_told_who_gives_it(database: Database) -> None:
    async def read_without_rights() -> None:
        async with database.writing() as connection:
            await connection.exec_driver_sql("CREATE ROLE actas_without_rights")  # undone with the rest
            await connection.exec_driver_sql("SET LOCAL ROLE actas_without_rights")
            await connection.exec_driver_sql("SELECT 1 FROM schema_versions")

    with pytest.raises(DatabaseUnavailable, match="permission denied") as refused:
        await read_without_rights()
    assert "the grants of the guide" in str(refused.value.hint)


@pytest.mark.requirement("REL-13")
async def test_a_clock_that_differs_from_the_database_is_refused(database: Database) -> None:
    await database.require_same_time(SystemClock())
    for drift in (-600, 600, -7, 7):
        clock = FixedClock(SystemClock().now() + drift)
        with pytest.raises(DatabaseUnavailable, match="clock of this node and that of the database"):
            await database.require_same_time(clock)
    for drift in (-3, 3):
        await database.require_same_time(FixedClock(SystemClock().now() + drift))


@pytest.mark.requirement("REL-20")
async def test_a_transaction_ends_when_its_time_is_over_and_the_next_one_serves(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with database.reading(within=0.05) as connection:
            await connection.execute(text("SELECT pg_sleep(30)"))
    await database.check()
    async with database.reading(within=None) as connection:
        await connection.execute(text("SELECT pg_sleep(1.2)"))


@pytest.mark.requirement("REL-20")
async def test_connections_that_were_lost_while_nobody_looked_are_made_anew(
    database: Database, postgres: str
) -> None:
    async def session() -> int:
        async with database.reading() as connection:
            return int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())

    before = await asyncio.gather(*[session() for _ in range(4)])
    await run(postgres, END_OTHERS)
    pool = cast("database_postgresql.PostgresqlEngine", database._engine)
    while not all(one.is_closed() for one in pool._made):
        await asyncio.sleep(0.005)  # the news of it are on their way through the loop
    after = await asyncio.gather(*[session() for _ in range(4)])
    assert not {*before} & {*after}


async def test_news_are_heard_once_they_are_committed(database: Database, postgres: str) -> None:
    other = await open_database(Secret(postgres), clock=CLOCK)
    heard: asyncio.Queue[str] = asyncio.Queue()
    listening = asyncio.create_task(other.hear(heard.put_nowait))
    async with asyncio.timeout(60):
        assert await heard.get() == engine.EVERYBODY
        async with database.writing() as connection:
            await database.announce(connection, "keys")
            assert heard.empty()
        assert await heard.get() == "keys"
        with pytest.raises(RuntimeError):
            await changed_its_mind(database)
        async with database.writing() as connection:
            await database.announce(connection, "revocations")
        assert await heard.get() == "revocations"
        await run(postgres, END_OTHERS)
        # What was said in between is lost, so whoever hears is told to look for himself.
        assert await heard.get() == engine.EVERYBODY
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await other.close()


@pytest.mark.requirement("REL-19", "REL-29")
async def test_news_are_heard_again_after_a_standby_took_over(database: Database, postgres: str) -> None:
    """Until it does it takes no writes, and nobody who needs them connects to it."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    listening = asyncio.create_task(database.hear(heard.put_nowait))
    async with asyncio.timeout(60):
        assert await heard.get() == engine.EVERYBODY
        async with read_only(postgres):
            with pytest.raises(DatabaseUnavailable, match="cannot be opened: None of the hosts match"):
                await connect_database(Secret(postgres))
            await asyncio.sleep(2 * database_postgresql._PAUSE)
            assert heard.empty()
        assert await heard.get() == engine.EVERYBODY
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


@contextlib.asynccontextmanager
async def read_only(url: str) -> AsyncIterator[None]:
    """A database that takes no writes, as a standby does; who was connected is no more."""
    setting = f'ALTER DATABASE "{urlsplit(url).path[1:]}" {{}} default_transaction_read_only'
    await run(url, f"{setting.format('SET')} = on", END_OTHERS)
    yield
    await run(url, "SET default_transaction_read_only = off", setting.format("RESET"))


async def changed_its_mind(database: Database) -> None:
    async with database.writing() as connection:
        await database.announce(connection, "nothing")
        raise RuntimeError
