"""What every kind of main database must do (REL-23). A test class inherits this and says where one is."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import IntegrityError
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.processes import run_together

import actas.store.device_tables
import actas.store.impersonation_tables  # noqa: F401  (its tables are in METADATA then)
from actas.core.secret import Secret
from actas.store.database import Database, connect_database, open_database
from actas.store.schema import Migration, migrations, read_migration
from actas.store.tables import METADATA, SECRETS
from actas.store.trouble import DatabaseUnavailable, MigrationPending, SchemaRefused

CLOCK = FixedClock()
NEXT = len(migrations()) + 1
MORE = "CREATE TABLE more (a TEXT);\nINSERT INTO more\nVALUES ('x;y');\n"
SECOND = read_migration(f"{NEXT:04}_more.sql", f"-- usable-from: {NEXT}\n{MORE}")
ADDITION = read_migration(f"{NEXT:04}_more.sql", f"-- usable-from: {NEXT - 1}\n{MORE}")
ELSEWHERE = read_migration(f"{NEXT:04}_more.sql", f"-- usable-from: {NEXT}\n-- only: sqlite\n{MORE}")

NODE = """
import asyncio, sys
from actas.core.ports import SystemClock
from actas.core.secret import Secret
from actas.store.database import open_database
from actas.store.schema import migrations, read_migration

async def start():
    steps = (*migrations(), read_migration(sys.argv[2], sys.argv[3]))
    database = await open_database(Secret(sys.argv[1]), clock=SystemClock(), steps=steps)
    await database.check()
    await database.close()
    print("up")

def main():
    asyncio.run(start())
"""

KILLED = """
import sys
from actas.core.ports import SystemClock
from actas.core.secret import Secret
from actas.store.database import open_database
from tests.fakes.crash_points import kill_at_each

async def start(reached):
    database = await open_database(Secret(sys.argv[1]), clock=SystemClock(), reached=reached)
    await database.close()

kill_at_each(start)
"""


async def open_and_close(place: Secret, *, steps: tuple[Migration, ...] | None = None) -> None:
    database = await open_database(place, clock=CLOCK, steps=steps)
    await database.check()
    await database.close()


async def rows(place: Secret, sql: str) -> list[tuple[Any, ...]]:
    """Return what a statement finds, whatever the schema of the database."""
    database = await connect_database(place)
    try:
        async with database.reading(within=None) as connection:
            return [tuple(row) for row in await connection.execute(text(sql))]
    finally:
        await database.close()


async def change(place: Secret, sql: str) -> None:
    """Run a statement, whatever the schema of the database."""
    database = await connect_database(place)
    try:
        async with database.writing() as connection:
            await connection.execute(text(sql))
    finally:
        await database.close()


async def shape(place: Secret) -> dict[str, object]:
    """Return the tables that a database has."""

    def described(connection: Connection) -> dict[str, object]:
        found = inspect(connection)
        return {
            table: (
                [(column["name"], column["nullable"]) for column in found.get_columns(table)],
                found.get_pk_constraint(table)["constrained_columns"],
                sorted(
                    (one["name"] or "", one["column_names"], bool(one["unique"]))
                    for one in found.get_indexes(table)
                ),
            )
            for table in found.get_table_names()
        }

    database = await connect_database(place)
    try:
        async with database.reading(within=None) as connection:
            return await connection.run_sync(described)
    finally:
        await database.close()


class MainDatabaseSuite:
    """Inherit as ``Test...``, with a fixture ``place``: the URL of an empty database."""

    @pytest.fixture
    async def database(self, place: Secret) -> AsyncIterator[Database]:
        database = await open_database(place, clock=CLOCK)
        yield database
        await database.close()

    @pytest.fixture
    async def other(self, database: Database, place: Secret) -> AsyncIterator[Database]:
        other = await open_database(place, clock=CLOCK)
        yield other
        await other.close()

    # Transactions.

    async def test_a_transaction_is_whole_or_not_at_all(self, database: Database) -> None:
        async def two_rows() -> None:
            async with database.writing() as connection:
                await connection.execute(SECRETS.insert().values(name="a", sealed=b"1"))
                await connection.execute(SECRETS.insert().values(name="a", sealed=b"2"))

        async def one_row_and_a_change_of_mind() -> None:
            async with database.writing() as connection:
                await connection.execute(SECRETS.insert().values(name="a", sealed=b"3"))
                raise RuntimeError("changed my mind")

        with pytest.raises(IntegrityError):
            await two_rows()
        with pytest.raises(RuntimeError, match="changed my mind"):
            await one_row_and_a_change_of_mind()
        async with database.reading(within=None) as connection:
            assert (await connection.execute(select(SECRETS))).all() == []

    @pytest.mark.requirement("REL-23")
    async def test_writers_take_turns_and_no_update_is_lost(
        self, database: Database, other: Database
    ) -> None:
        async with database.writing() as connection:
            await connection.execute(SECRETS.insert().values(name="n", sealed=b""))

        async def one_more(place: Database) -> None:
            async with place.writing(within=None) as connection:
                before = (await connection.execute(select(SECRETS.c.sealed))).scalar_one()
                await asyncio.sleep(0)
                await connection.execute(SECRETS.update().values(sealed=before + b"x"))

        await asyncio.gather(*[one_more((database, other)[number % 2]) for number in range(20)])
        async with other.reading(within=None) as connection:
            assert (await connection.execute(select(SECRETS.c.sealed))).scalar_one() == b"x" * 20

    @pytest.mark.requirement("REL-23")
    async def test_who_has_seen_a_number_has_seen_every_lower_one(
        self, database: Database, other: Database
    ) -> None:
        async def number(place: Database) -> None:
            async with place.writing("numbers", within=None) as connection:
                taken = (await connection.execute(select(SECRETS.c.name))).scalars().all()
                await connection.execute(SECRETS.insert().values(name=f"{len(taken):04}", sealed=b""))
                await asyncio.sleep(0)

        seen: list[list[str]] = []

        async def look() -> None:
            while not seen or len(seen[-1]) < 30:
                async with database.reading(within=None) as connection:
                    seen.append(sorted((await connection.execute(select(SECRETS.c.name))).scalars()))

        await asyncio.gather(look(), *[number((database, other)[n % 2]) for n in range(30)])
        assert all(names == [f"{n:04}" for n in range(len(names))] for names in seen)

    async def test_nothing_is_written_by_who_reads(self, database: Database) -> None:
        with pytest.raises(DatabaseUnavailable, match=r"read-?only"):
            async with database.reading(within=None) as connection:
                await connection.execute(SECRETS.insert().values(name="a", sealed=b"1"))
        async with database.writing() as connection:
            await connection.execute(SECRETS.insert().values(name="a", sealed=b"1"))

    @pytest.mark.requirement("REL-19")
    async def test_a_failure_says_so_and_shows_no_value(self, database: Database, place: Secret) -> None:
        await change(place, "DROP TABLE secrets")
        with pytest.raises(DatabaseUnavailable, match="secrets") as failed:
            async with database.writing() as connection:
                await connection.execute(SECRETS.insert().values(name="a", sealed=b"canary-canary"))
        assert "canary" not in str(failed.value)
        assert "canary" not in str(failed.value.__cause__)
        await change(place, "DROP TABLE schema_versions")
        with pytest.raises(DatabaseUnavailable, match="failed"):
            await database.check()

    # Migrations.

    @pytest.mark.requirement("REL-27")
    async def test_migrations_are_applied_once_in_order(self, place: Secret) -> None:
        for steps in (None, None, (*migrations(), SECOND), (*migrations(), SECOND)):
            await open_and_close(place, steps=steps)
        applied = await rows(
            place, "SELECT version, name, digest, usable_from, applied_at FROM schema_versions ORDER BY 1"
        )
        assert applied == [
            (one.version, one.name, one.digest, one.usable_from, int(NOON)) for one in (*migrations(), SECOND)
        ]
        assert await rows(place, "SELECT a FROM more") == [("x;y",)]

    async def test_the_tables_are_what_the_migrations_make(self, database: Database, place: Secret) -> None:
        found = await shape(place)
        for table in METADATA.sorted_tables:
            assert found[table.name] == (
                [(column.name, column.nullable) for column in table.columns],
                [column.name for column in table.primary_key],
                sorted(
                    (one.name, [column.name for column in one.columns], one.unique) for one in table.indexes
                ),
            )

    @pytest.mark.requirement("REL-27")
    async def test_nodes_that_start_at_once_on_an_old_schema_migrate_it_once(self, place: Secret) -> None:
        await open_and_close(place)
        name, sql = f"{NEXT:04}_more.sql", f"-- usable-from: {NEXT}\n{MORE}"
        assert run_together(NODE, place.reveal(), name, sql, count=5) == ["up\n"] * 5
        assert await rows(place, "SELECT a FROM more") == [("x;y",)]

    @pytest.mark.requirement("REL-27")
    async def test_nodes_that_start_at_once_on_nothing_migrate_it_once(self, place: Secret) -> None:
        name, sql = f"{NEXT:04}_more.sql", f"-- usable-from: {NEXT}\n{MORE}"
        assert run_together(NODE, place.reveal(), name, sql, count=5) == ["up\n"] * 5
        versions = await rows(place, "SELECT version FROM schema_versions ORDER BY 1")
        assert versions == [(number,) for number in range(1, NEXT + 1)]

    @pytest.mark.requirement("REL-27")
    async def test_a_start_that_is_killed_at_any_statement_is_taken_up_by_the_next(
        self, place: Secret
    ) -> None:
        # Attempt after attempt on one database: each gets one step further than it was ever brought before,
        # or finds that what was not committed is not there.
        ran = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", KILLED, place.reveal()],
            check=True,
            capture_output=True,
            text=True,
        )
        points = ran.stdout.splitlines()
        assert points[:3] == ["1: begin", "1: schema_versions", "1: statement 1"]
        assert {f"{one.version}: commit" for one in migrations()} & set(points)
        await open_and_close(place)
        versions = await rows(place, "SELECT version FROM schema_versions ORDER BY 1")
        assert versions == [(one.version,) for one in migrations()]

    @pytest.mark.requirement("REL-27")
    async def test_a_migration_that_fails_leaves_nothing_behind(self, place: Secret) -> None:
        bad = read_migration(
            f"{NEXT:04}_bad.sql", f"-- usable-from: {NEXT}\nCREATE TABLE more (a TEXT);\nNOT SQL;\n"
        )
        await open_and_close(place)
        before = await shape(place)
        with pytest.raises(DatabaseUnavailable, match="syntax error"):
            await open_and_close(place, steps=(*migrations(), bad))
        assert await shape(place) == before
        await open_and_close(place, steps=(*migrations(), SECOND))

    @pytest.mark.requirement("REL-27", "REL-26")
    async def test_a_newer_schema_is_refused_unless_it_only_added(self, place: Secret) -> None:
        await open_and_close(place, steps=(*migrations(), ADDITION))
        await open_and_close(place)
        third = read_migration(f"{NEXT + 1:04}_less.sql", f"-- usable-from: {NEXT}\nDROP TABLE more;\n")
        await open_and_close(place, steps=(*migrations(), ADDITION, third))
        before = await rows(place, "SELECT * FROM schema_versions ORDER BY 1")
        with pytest.raises(SchemaRefused, match=f"has schema {NEXT + 1}, made by a later release"):
            await open_and_close(place)
        assert await rows(place, "SELECT * FROM schema_versions ORDER BY 1") == before

    @pytest.mark.requirement("REL-26")
    async def test_old_and_new_nodes_serve_together_and_the_old_one_can_come_back(
        self, place: Secret
    ) -> None:
        old = await open_database(place, clock=CLOCK)
        new = await open_database(place, clock=CLOCK, steps=(*migrations(), ADDITION))
        for number, node in enumerate((old, new, old, new)):
            async with node.writing() as connection:
                await connection.execute(SECRETS.insert().values(name=f"n{number}", sealed=b""))
        await new.close()
        again = await open_database(place, clock=CLOCK)
        for node in (old, again):
            async with node.reading(within=None) as connection:
                assert len((await connection.execute(select(SECRETS))).all()) == 4
            await node.close()

    @pytest.mark.requirement("REL-27")
    @pytest.mark.parametrize(
        ("sql", "sentence"),
        [
            ("UPDATE schema_versions SET digest = 'x' WHERE version = 1", "its step 1 is not this release's"),
            ("UPDATE schema_versions SET version = 0 WHERE version = 1", "step 1 is missing"),
            ("DELETE FROM schema_versions WHERE version = 1", "step 1 is missing|not this release's"),
            ("DROP TABLE schema_versions", "not made by Actas"),
        ],
    )
    async def test_an_unknown_schema_is_refused(self, place: Secret, sql: str, sentence: str) -> None:
        await open_and_close(place, steps=(*migrations(), SECOND))
        await change(place, sql)
        with pytest.raises(SchemaRefused, match=sentence):
            await open_and_close(place, steps=(*migrations(), SECOND))

    async def test_somebody_elses_database_is_refused_and_left_alone(self, place: Secret) -> None:
        await change(place, "CREATE TABLE people (name TEXT)")
        with pytest.raises(SchemaRefused, match="not made by Actas: it holds people"):
            await open_and_close(place)
        assert list(await shape(place)) == ["people"]

    async def test_what_is_pending_is_told_and_left_alone(self, place: Secret) -> None:
        with pytest.raises(
            MigrationPending, match=f"has no schema yet; this release needs schema {NEXT - 1}"
        ):
            await open_database(place, clock=CLOCK, migrate=False)
        assert await shape(place) == {}
        await open_and_close(place)
        with pytest.raises(
            MigrationPending, match=f"has schema {NEXT - 1}; this release needs schema {NEXT}"
        ):
            await open_database(place, clock=CLOCK, migrate=False, steps=(*migrations(), SECOND))
        database = await open_database(place, clock=CLOCK, migrate=False)
        assert (await database.standing()).pending == ()
        await database.close()

    async def test_a_step_for_one_kind_of_database_counts_everywhere(self, place: Secret) -> None:
        await open_and_close(place, steps=(*migrations(), ELSEWHERE))
        assert len(await rows(place, "SELECT version FROM schema_versions")) == NEXT
        assert ("more" in await shape(place)) == ("sqlite" in place.reveal())
