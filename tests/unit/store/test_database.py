"""The main database in a file: made private, durable, and refused when it is not ours.

What holds for both kinds of database is in ``tests/contracts/main_database.py``.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from threading import Thread

import asyncpg
import pytest
from sqlalchemy import make_url, text
from tests.fakes.clock import FixedClock

import actas.store.device_tables
import actas.store.impersonation_tables  # noqa: F401  (its tables are in METADATA then)
from actas.core.secret import Secret
from actas.store.database import Database, Place, open_database
from actas.store.schema import Migration, migrations, read_migration
from actas.store.tables import METADATA, SCHEMA_VERSIONS, SECRETS
from actas.store.trouble import DatabaseUnavailable, SchemaRefused

CLOCK = FixedClock()
LAST = len(migrations())
"""The schema of this release; the tests go one and two further."""
NEXT = LAST + 1
SECOND = read_migration(
    f"{NEXT:04d}_more.sql",
    f"-- usable-from: {NEXT}\nCREATE TABLE more (a TEXT);\n-- a comment; with a mark\n"
    "INSERT INTO more\nVALUES ('x;y');\n",
)
ADDITION = read_migration(f"{NEXT:04d}_more.sql", f"-- usable-from: {LAST}\nCREATE TABLE more (a TEXT);\n")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(tmp_path, clock=CLOCK)
    yield database
    await database.close()


async def open_and_close(where: Place, *, steps: tuple[Migration, ...] | None = None) -> None:
    database = await open_database(where, clock=CLOCK, steps=steps)
    await database.check()
    await database.close()


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "actas.db")) as connection:
        return connection.execute(sql).fetchall()


def change(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "actas.db")) as connection, connection:
        connection.executescript(sql)


async def test_folder_and_files_are_made_for_us_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    before = os.umask(0)
    try:
        database = await open_database(folder, clock=CLOCK)
        async with database.writing() as connection:
            await connection.execute(SECRETS.insert().values(name="a", sealed=b"b"))
            modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
        await database.close()
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert modes == {"actas.db": 0o600, "actas.db-journal": 0o600}


async def test_a_data_folder_that_everybody_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(DatabaseUnavailable, match=r"mode 0777.*chmod 700"):
        await open_and_close(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_every_connection_is_durable_and_has_a_rollback_journal(database: Database) -> None:
    async def settings() -> list[object]:
        async with database.reading() as connection:
            await asyncio.sleep(0)
            return [
                (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema", "busy_timeout")
            ]

    for found in await asyncio.gather(*[settings() for _ in range(4)]):
        assert found == ["delete", 3, 1, 0, 5000]


async def test_a_file_that_was_left_with_a_write_ahead_log_is_changed_back(tmp_path: Path) -> None:
    await open_and_close(tmp_path)
    change(tmp_path, "PRAGMA journal_mode = WAL")
    await open_and_close(tmp_path)
    assert rows(tmp_path, "PRAGMA journal_mode") == [("delete",)]


async def test_a_url_names_a_file_too(tmp_path: Path) -> None:
    for scheme in ("sqlite", "sqlite+aiosqlite"):
        await open_and_close(Secret(f"{scheme}:///{tmp_path}/other.db"))
    assert [path.name for path in tmp_path.iterdir()] == ["other.db"]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://actas:hunter2@db/actas",
        "sqlite://",
        "sqlite:///:memory:?hunter2=1",
        "mysql://hunter2@x/y",
        "hunter2",
        "",
        "://hunter2",
    ],
)
async def test_a_url_without_a_driver_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(DatabaseUnavailable) as refused:
        await open_and_close(Secret(url))
    assert "hunter2" not in str(refused.value)


@pytest.mark.requirement("REL-27")
async def test_whoever_comes_second_finds_the_work_done(tmp_path: Path) -> None:
    def overtaken(point: str) -> None:
        if point == "1: begin":
            other = Thread(target=lambda: asyncio.run(open_and_close(tmp_path)))
            other.start()
            other.join()

    database = await open_database(tmp_path, clock=CLOCK, reached=overtaken)
    await database.close()
    assert rows(tmp_path, "SELECT version FROM schema_versions") == _up_to(LAST)


KILLED = """
import asyncio, itertools, os, signal, sys
from pathlib import Path
from actas.core.ports import SystemClock
from actas.store.database import open_database

def dying(at):
    passed = [0]
    def reached(point):
        if passed[0] == at:
            print(point, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        passed[0] += 1
    return reached

async def start(folder, at):
    database = await open_database(folder, clock=SystemClock(), reached=dying(at))
    await database.close()

# Each attempt is a process of its own, forked while this one has a single thread.
for at in itertools.count():
    child = os.fork()
    if child == 0:
        asyncio.run(start(Path(sys.argv[1]) / str(at), at))
        os._exit(0)
    if os.waitpid(child, 0)[1] != signal.SIGKILL:
        break
"""


@pytest.mark.timeout(600)  # one start for each statement of every migration
@pytest.mark.requirement("REL-27")
async def test_a_start_that_is_killed_at_any_statement_is_taken_up_by_the_next(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], check=True, capture_output=True, text=True
    )
    points = ran.stdout.splitlines()
    statements = len(migrations()[0].statements)
    assert points[: statements + 3] == [
        "1: begin",
        "1: schema_versions",
        *(f"1: statement {number}" for number in range(1, statements + 1)),
        "1: record",
    ]
    for number, point in enumerate(points):
        folder = tmp_path / str(number)
        if point.startswith("1: "):
            assert rows(folder, "SELECT count(*) FROM sqlite_schema") == [(0,)]
        await open_and_close(folder)
        assert tables_and_indexes(folder) == tables_and_indexes(tmp_path / str(len(points)))
        assert rows(folder, "SELECT version FROM schema_versions") == _up_to(LAST)


def _up_to(version: int) -> list[tuple[int]]:
    return [(number,) for number in range(1, version + 1)]


def tables_and_indexes(folder: Path) -> list[tuple[object, ...]]:
    return rows(folder, "SELECT name, sql FROM sqlite_schema ORDER BY name")


@pytest.mark.requirement("REL-27")
async def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    await open_and_close(tmp_path, steps=(*migrations(), SECOND))
    before = (tmp_path / "actas.db").read_bytes()
    with pytest.raises(SchemaRefused) as refused:
        await open_and_close(tmp_path)
    assert str(refused.value) == (
        f"the database has schema {NEXT}, made by a later release of Actas; this one knows schema {LAST}."
        " Run that release, or restore a backup from before"
    )
    assert (tmp_path / "actas.db").read_bytes() == before


@pytest.mark.requirement("REL-27")
@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("UPDATE schema_versions SET digest = 'x' WHERE version = 1", "its step 1 is not this release's"),
        ("UPDATE schema_versions SET version = 0 WHERE version = 1", "step 1 is missing"),
        ("UPDATE schema_versions SET version = 77 WHERE version = 1", "step 1 is missing"),
        (
            "DROP TABLE schema_versions",
            "not made by Actas: it holds audit_sink_cursors, audit_sinks, client_secrets",
        ),
    ],
)
async def test_an_unknown_schema_is_refused_and_left_alone(tmp_path: Path, sql: str, sentence: str) -> None:
    await open_and_close(tmp_path)
    change(tmp_path, sql)
    before = (tmp_path / "actas.db").read_bytes()
    with pytest.raises(SchemaRefused, match=sentence):
        await open_and_close(tmp_path)
    assert (tmp_path / "actas.db").read_bytes() == before


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database, " * 1000)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_dangling_link(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere" / "x")


@pytest.mark.parametrize("make", [garbage, a_folder, a_dangling_link])
async def test_what_is_no_database_is_refused_with_its_name(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "actas.db")
    with pytest.raises(DatabaseUnavailable, match=r"actas\.db"):
        await open_and_close(tmp_path)


async def test_a_file_where_the_data_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(DatabaseUnavailable, match="cannot be opened"):
        await open_and_close(tmp_path / "data")


async def test_the_migrations_make_the_tables_in_postgresql_too(postgres: str) -> None:
    # SQLite takes any word for a type; here is what keeps the files ones that the other engine reads alike.
    dialect = make_url("postgresql://").get_dialect()()
    connection = await asyncpg.connect(postgres)
    try:
        for one in migrations():
            for statement in one.statements:
                await connection.execute(statement)
        for table in METADATA.sorted_tables:
            if table is SCHEMA_VERSIONS:
                continue
            found = await connection.fetch(
                "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
                " WHERE table_name = $1 ORDER BY ordinal_position",
                table.name,
            )
            assert [(row[0], row[1].upper(), row[2] == "YES") for row in found] == [
                (column.name, column.type.compile(dialect=dialect), column.nullable)
                for column in table.columns
            ]
            for index in table.indexes:
                made = await connection.fetchval(
                    "SELECT indexdef FROM pg_indexes WHERE indexname = $1", index.name
                )
                assert ("UNIQUE" in made) == index.unique
                assert ("WHERE" in made) == (index.dialect_options["postgresql"]["where"] is not None)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("1_start.sql", "-- usable-from: 1\nSELECT 1;\n"),
        ("0001_Start.sql", "-- usable-from: 1\nSELECT 1;\n"),
        ("0001_start.sql", "SELECT 1;\n"),
        ("0001_start.sql", "-- usable-from: x\nSELECT 1;\n"),
        ("0001_start.sql", "-- usable-from: 1\n"),
        ("0001_start.sql", ""),
    ],
)
def test_a_file_that_is_no_migration_is_a_mistake(name: str, content: str) -> None:
    with pytest.raises(ValueError, match="is not a migration"):
        read_migration(name, content)


def test_migrations_with_a_gap_are_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for number in (1, 3):
        (folder / f"000{number}_step.sql").write_text("-- usable-from: 1\nSELECT 1;\n")
    monkeypatch.setattr("importlib.resources.files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="without gaps"):
        migrations()


def test_the_migrations_of_this_release_are_numbered_and_usable_from_some_release() -> None:
    steps = migrations()
    assert [one.version for one in steps] == list(range(1, len(steps) + 1))
    assert all(1 <= one.usable_from <= one.version for one in steps)
