"""Making backups, and restoring them: what ``store.backup`` and ``store.restoring`` do, written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actas import __version__
from actas.app.envelope import Around, open_sealer
from actas.app.foundation import Foundation, foundation, place_of
from actas.app.log_place import AUDIT_FOLDER
from actas.app.minutes import own_minutes, write_waiting
from actas.audit.log import draw_up
from actas.audit.stream import instant
from actas.core.errors import AuditUnavailable
from actas.core.ports import Clock, SystemChance, SystemClock
from actas.crypto.seal import Sealer
from actas.settings.load import Draft
from actas.store.audit_folder import FolderLog
from actas.store.backup import LOG_TABLES, Contents, Head, back_up, look_through, parts
from actas.store.backup_file import BackupReader, BackupWriter, first_line
from actas.store.database import Database, connect_database
from actas.store.envelope_keys import SqlEnvelopeKeys
from actas.store.folder import make_private
from actas.store.new_epoch import Begun
from actas.store.restoring import Target, look_at, restore
from actas.store.restoring_log import has_log_for_files, restore_log
from actas.store.schema import nowhere

_ENTRIES, *_ = LOG_TABLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did.

    Attributes:
        log: whether the audit log of the backup was put in its place, because there was none.
        unrecorded: why the record of it still waits in the database; None when it stands in the log.
    """

    begun: Begun
    log: bool
    unrecorded: str | None


async def make_backup(base: Foundation, path: Path, *, operator: str) -> tuple[Contents, int]:
    """Write a backup to a new file, and write that down.

    Returns:
        What is in it, and its bytes.

    Raises:
        FileExistsError: there is something of that name.
        OSError: it cannot be written.
        AuditUnavailable: it cannot be written down; there is no backup then.
        StoreUnavailable, LogUnreadable: something cannot be read.
    """
    about = Head(
        made_at=int(base.clock.now()),
        issuer=base.issuer,
        release=__version__,
        engine="",
        epoch=0,
        steps=(),
    )
    async with own_minutes(base) as minutes:
        wrapped = await SqlEnvelopeKeys(base.database).wrapped()
        sealer = await _sealer(base.files, base.database, dev=base.dev, clock=base.clock)
        with BackupWriter(path, sealer=sealer, wrapped=wrapped) as file:
            made, size = await back_up(
                base.database,
                None if base.shared_log is not None else FolderLog(base.audit_folder),
                into=file,
                standing=await base.database.standing(),
                about=about,
            )
        try:
            await minutes.note(
                "database:backed_up", operator=operator, backup={"name": made.name, "bytes": size}
            )
        except AuditUnavailable:
            await asyncio.to_thread(path.unlink)
            raise
    return made, size


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A backup that was read to its end and is whole.

    Attributes:
        sealer: of the envelope key that opens it.
    """

    reader: BackupReader
    contents: Contents
    sealer: Sealer


async def open_backup(draft: Draft, path: Path, *, dev: bool) -> Opened:
    """Return a backup, once it was read to its end and is whole.

    Args:
        dev: whether a key service on this computer may be asked over plain http.

    Raises:
        BackupRefused: it is none, not whole, changed, or of another envelope key.
        EnvelopeKeyRefused, KeyServiceFailed: there is no envelope key to open it with.
        OSError: it cannot be read.
    """
    wrapped = (await asyncio.to_thread(first_line, path)).wrapped
    sealer = await _sealer(draft, None, dev=dev, clock=SystemClock(), wrapped=wrapped)
    reader = BackupReader(path, sealer=sealer)
    return Opened(reader=reader, contents=await asyncio.to_thread(look_through, reader), sealer=sealer)


async def _sealer(
    draft: Draft,
    database: Database | None,
    *,
    dev: bool,
    clock: Clock,
    wrapped: Mapping[str, str] | None = None,
) -> Sealer:
    """Return the sealer of the envelope key, which is never made here."""
    around = Around(
        database=database,
        clock=clock,
        dev=dev,
        authorities=draft.server.authorities,
        new=False,
        create=False,
        wrapped=wrapped or {},
    )
    return await open_sealer(draft.keys, around)


async def target_of(draft: Draft, *, there: bool) -> tuple[str, Target]:
    """Return the database to restore onto, and what it holds.

    Args:
        there: whether there is one; a file that is not there is not made by looking.

    Raises:
        StoreUnavailable: it cannot be used.
    """
    if not there:
        return str(draft.server.data), Target(version=0, occupied=False, staying=frozenset())
    database = await _connect(draft)
    try:
        return database.name, await look_at(database)
    finally:
        await database.close()


async def restore_backup(
    draft: Draft,
    opened: Opened,
    *,
    replace: bool,
    operator: str,
    dev: bool,
    clock: Clock | None = None,
    reached: Callable[[str], None] = nowhere,
) -> Restored:
    """Restore a backup, and write that down.

    Raises:
        NotEmpty, BackupRefused, KeysUnusable, EnvelopeKeyRefused: see ``store.restoring.restore``.
        LogUnreadable: the audit log cannot be put in its place; nothing else was changed.
        StoreUnavailable: the database cannot be used.
        OSError: the backup cannot be read.
    """
    clock = clock or SystemClock()
    now, reader, contents = clock.now(), opened.reader, opened.contents
    told = {"operator": operator, "replaced": replace, "backup": _named(contents)}

    def record(members: Mapping[str, Any]) -> tuple[str, bytes]:
        one = draw_up("database:restored", now=now, chance=SystemChance(), **told, **members)
        return one.entry, one.body

    make_private(draft.server.data)
    database = await _connect(draft)
    try:
        target = await look_at(database)
        placed = False
        if has_log_for_files(contents, shared=database.shared) and (replace or not target.occupied):
            folder = draft.server.data / AUDIT_FOLDER
            placed = await asyncio.to_thread(restore_log, folder, parts(reader))
            reached("log placed")
        begun = await restore(
            database,
            reader,
            contents,
            sealer=opened.sealer,
            now=now,
            replace=replace,
            draw_up=record,
            reached=reached,
        )
    finally:
        await database.close()
    in_database = database.shared and bool(contents.tally.rows.get(_ENTRIES))
    log = placed or (in_database and _ENTRIES not in target.staying)
    return Restored(begun=begun, log=log, unrecorded=await _record(draft, dev=dev, clock=clock))


def _named(contents: Contents) -> dict[str, Any]:
    """Return what the record of a restore says of the backup."""
    head = contents.head
    return {"name": contents.name, "made_at": instant(head.made_at), "epoch": head.epoch}


async def _record(draft: Draft, *, dev: bool, clock: Clock) -> str | None:
    """Write the record that waits in the database into the log; return why that was not possible.

    A process that serves does it too, whichever comes first.
    """
    me = SystemChance().token(16)
    try:
        async with foundation(draft, dev=dev, clock=clock) as base, own_minutes(base) as minutes:
            await write_waiting(base.store, minutes, by=me, at=int(clock.now()))
    except Exception as problem:  # noqa: BLE001 - the restore is done; whatever this is, it is told
        return str(problem) or type(problem).__name__
    return None


async def _connect(draft: Draft) -> Database:
    return await connect_database(place_of(draft), accept_unsafe=draft.server.unsafe_database)
