"""What a backup holds, and making one: everything that a node needs, as of one instant (REL-28).

The main database is read in one transaction, table by table, whichever kind it is. An audit log in files is
read after it, checkpoints first: so the streams hold whatever those seal, and every entry about a state that
is in the backup. Left out is what a restore must not bring back: what may happen once (``store.epochs``), and
tokens that the database keeps. The envelope key is never in it.

The frames of the file (``store.backup_file``) are lists that begin with a word: ``backup``, then for each
table ``table`` and ``rows``, then ``checkpoints`` and ``entries``, and ``end`` with what was counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.audit.kept import KeptLog, StreamDamaged
from actas.store.backup_file import BackupReader, BackupRefused, BackupWriter
from actas.store.database import Database
from actas.store.device_tables import DEVICE_CODES
from actas.store.revocations import read_epoch
from actas.store.schema import Standing, table_names
from actas.store.tables import (
    FAILURES,
    OPAQUE_TOKENS,
    REFRESH_FAMILIES,
    REFRESH_MARKS,
    REFRESH_TOKENS,
    SCHEMA_VERSIONS,
    SESSIONS,
)

LEFT_OUT: Final = frozenset(
    {
        SCHEMA_VERSIONS.name,
        FAILURES.name,
        OPAQUE_TOKENS.name,
        REFRESH_FAMILIES.name,
        REFRESH_TOKENS.name,
        REFRESH_MARKS.name,
        SESSIONS.name,
        "session_apps",
        DEVICE_CODES.name,
        "known_people",
        "impersonations",
        "impersonation_marks",
        "impersonation_notices",
        "marks",
        "marks_forgotten",
    }
)
"""Tables that no backup holds and no restore touches: the schema is made by its steps, failures are of the
last minutes, and the others would revive the past."""

LOG_TABLES: Final = ("audit_entries", "audit_streams", "audit_undelivered", "audit_checkpoints")
"""The tables of an audit log that nodes share. A log in files is in a backup by itself."""

AT_ONCE: Final = 500
"""Rows of one frame."""


class Step(msgspec.Struct, frozen=True):
    """One step of the schema that the database had been through."""

    version: int
    name: str
    digest: str


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself.

    Attributes:
        made_at: seconds since the epoch.
        issuer: the issuer identifier of the server.
        release: of Actas.
        engine: ``sqlite`` or ``postgresql``.
        epoch: of the database.
    """

    made_at: int
    issuer: str
    release: str
    engine: str
    epoch: int
    steps: tuple[Step, ...]


class Tally(msgspec.Struct, frozen=True):
    """What was counted.

    Attributes:
        rows: of each table.
        entries: of each stream of an audit log in files.
        checkpoints: of that log.
        damaged: streams of it that cannot be read to their end, and why; what can be is there.
    """

    rows: dict[str, int]
    entries: dict[str, int]
    checkpoints: int
    damaged: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A backup that was read to its end.

    Attributes:
        name: what it is called.
    """

    name: str
    head: Head
    tally: Tally


async def back_up(
    database: Database, log: KeptLog | None, *, into: BackupWriter, standing: Standing, about: Head
) -> tuple[Contents, int]:
    """Write a backup.

    Args:
        log: the audit log, when it is in files beside the database.
        standing: of the database.
        about: what it says of itself, but for the database's part.

    Returns:
        What is in it, and its bytes.

    Raises:
        DatabaseUnavailable, LogUnreadable: something cannot be read.
        OSError: the file cannot be written.
    """
    async with database.reading(within=None) as connection:
        head = msgspec.structs.replace(
            about,
            engine=connection.dialect.name,
            epoch=(await read_epoch(connection)).number,
            steps=tuple(Step(one.version, one.name, one.digest) for one in standing.applied),
        )
        into.add(["backup", msgspec.to_builtins(head)])
        names = [name for name in await table_names(connection) if name not in LEFT_OUT]
        rows = {name: await _table(connection, name, into) for name in names}
    tally = Tally(rows, {}, 0, {}) if log is None else await asyncio.to_thread(_log, log, into, rows)
    size = await asyncio.to_thread(into.finish, ["end", msgspec.to_builtins(tally)])
    return Contents(name=into.name, head=head, tally=tally), size


async def _table(connection: AsyncConnection, name: str, into: BackupWriter) -> int:
    """Write one table, and return its rows."""
    found = await connection.stream(select(text("*")).select_from(table(name)))
    into.add(["table", name, list(found.keys())])
    count = 0
    async for rows in found.partitions(AT_ONCE):
        into.add(["rows", name, [list(row) for row in rows]])
        count += len(rows)
    return count


def _log(log: KeptLog, into: BackupWriter, rows: dict[str, int]) -> Tally:
    """Write an audit log that is in files, and return what was counted, the rows of tables included."""
    with log.held():
        checkpoints = [line for _, line in log.checkpoint_lines()]
        into.add(["checkpoints", checkpoints])
        counts: dict[str, int] = {}
        damaged: dict[str, str] = {}
        for stream in log.streams():
            counts[stream] = 0
            try:
                with log.reading(stream) as reader:
                    after = 0
                    while chunk := reader.chunk(after=after):
                        into.add(["entries", stream, chunk])
                        after = chunk[-1][0]
                        counts[stream] += len(chunk)
            except StreamDamaged as damage:
                # It is evidence where it is, and no reason to be without a backup of all the rest.
                damaged[stream] = str(damage)
    return Tally(rows, counts, len(checkpoints), damaged)


class Rows(msgspec.Struct, frozen=True):
    """Some rows of a table, with the names of its columns."""

    table: str
    columns: tuple[str, ...]
    rows: list[list[Any]]


class Entries(msgspec.Struct, frozen=True):
    """Some entries of a stream, in order, with their numbers."""

    stream: str
    lines: list[tuple[int, bytes]]


class Checkpoints(msgspec.Struct, frozen=True):
    """The checkpoints of a log, in order."""

    lines: list[bytes]


Part = Head | Rows | Entries | Checkpoints | Tally


def parts(reader: BackupReader) -> Iterator[Part]:
    """Yield what a backup holds, its head first and what was counted last.

    Raises:
        BackupRefused: it is not whole, or was changed: nothing that was yielded may be relied upon.
        OSError: it cannot be read.
    """
    columns: dict[str, tuple[str, ...]] = {}
    for frame in reader.frames():
        try:
            match frame:
                case ["backup", head]:
                    yield msgspec.convert(head, Head)
                case ["table", str(name), names]:
                    columns[name] = msgspec.convert(names, tuple[str, ...])
                case ["rows", str(name), rows]:
                    yield msgspec.convert({"table": name, "columns": columns[name], "rows": rows}, Rows)
                case ["checkpoints", lines]:
                    yield msgspec.convert({"lines": lines}, Checkpoints)
                case ["entries", stream, lines]:
                    yield msgspec.convert({"stream": stream, "lines": lines}, Entries)
                case ["end", tally]:
                    yield msgspec.convert(tally, Tally)
                case _:
                    raise BackupRefused("the backup holds something that this release does not know")
        except (msgspec.ValidationError, KeyError) as wrong:
            raise BackupRefused(f"the backup holds something else than it should: {wrong}") from wrong


def look_through(reader: BackupReader) -> Contents:
    """Read a backup to its end, and return what is in it, once it is known to be whole.

    Raises:
        BackupRefused: it is not.
        OSError: it cannot be read.
    """
    head: Head | None = None
    tally: Tally | None = None
    rows: dict[str, int] = {}
    entries: dict[str, int] = {}
    for part in parts(reader):
        match part:
            case Head():
                head = part
            case Rows():
                rows[part.table] = rows.get(part.table, 0) + len(part.rows)
            case Entries():
                entries[part.stream] = entries.get(part.stream, 0) + len(part.lines)
            case Tally():
                tally = part
            case Checkpoints():
                pass
    if head is None or tally is None:
        raise BackupRefused("the backup has no beginning or no end")
    counted = {name: count for name, count in tally.rows.items() if count}
    if rows != counted or entries != {name: count for name, count in tally.entries.items() if count}:
        raise BackupRefused("the backup does not hold as much as was counted when it was made")
    return Contents(name=reader.first.name, head=head, tally=tally)
