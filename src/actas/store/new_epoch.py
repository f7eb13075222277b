"""Makes a restored database the beginning of a new epoch, in the transaction that restores it (REL-28).

What is in it now is as old as the backup. So every key is replaced (``keys.anew``), everything that was
issued until now is revoked (``store.epochs``), and the numbers by which nodes see that something changed move
past any that they may have seen. The record of it waits in the database until a process writes it into the
log, like that of any change (``store.configuration``), and so does every entry that waited in the database
that is replaced (``store.outbox``).

When the database that is replaced can still be read, it knows what happened since, as long as it is one of
the same installation: what was revoked there stays revoked, what was switched off or deleted is switched
off, a client's secrets are those that it has now, people prove who they are with what they have now,
apps may do what people let them do now, and a role that was taken away is not given back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Row, RowMapping, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.admin.objects import SWITCHED
from actas.core.lineage import EVERYTHING, LATER
from actas.crypto.seal import Sealer
from actas.keys.anew import begin_anew
from actas.keys.kept import KeysUnusable, StoredKey, StoredSecret, take_key, take_public, take_secret
from actas.store.forgotten_use import forget_use
from actas.store.keys import NAMES, PURPOSES, columns_of, stored_key
from actas.store.schema import table_names
from actas.store.tables import (
    CLIENT_SECRETS,
    CONFIGURATION_GENERATIONS,
    CONFIGURATION_OBJECTS,
    CONFIGURATION_RECORDS,
    CONSENTS,
    CREDENTIALS,
    GENERATIONS,
    OUTBOX,
    REVOCATIONS,
    SECRETS,
    SIGNING_KEYS,
)
from actas.store.words import one_of

Key = tuple[str, str]
"""Kind and name of an object."""

DrawUp = Callable[[Mapping[str, Any]], tuple[str, bytes]]
"""Draws up the record: members in, its id and its body out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the database held that is replaced.

    Attributes:
        generation: of its configuration.
        secrets: the keys of its keyed digests, sealed, by name.
    """

    generation: int
    keys: tuple[StoredKey, ...]
    secrets: Mapping[str, bytes]
    revocations: Sequence[Row[Any]]
    objects: Mapping[Key, Row[Any]]
    client_secrets: Sequence[RowMapping]
    credentials: Sequence[RowMapping]
    consents: Sequence[RowMapping]
    records: Sequence[RowMapping]
    outbox: Sequence[RowMapping]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The epoch that was begun.

    Attributes:
        number: which it is.
        since: what was issued until then is dead, seconds since the epoch.
        entry: the id of the audit entry that says so.
        generation: of the configuration.
        switched_off: objects that came back switched off, ``kind/name``.
        left_out: objects that did not come back.
        same: whether what was replaced was of the same installation; None when nothing was replaced.
    """

    number: int
    since: int
    entry: str
    generation: int
    switched_off: tuple[str, ...]
    left_out: tuple[str, ...]
    same: bool | None


async def remember(connection: AsyncConnection) -> Before:
    """Return what the database holds that is about to be replaced."""
    keys = select(SIGNING_KEYS).where(SIGNING_KEYS.c.purpose.in_(PURPOSES))
    objects = (await connection.execute(select(CONFIGURATION_OBJECTS))).all()
    return Before(
        generation=await _generation(connection),
        keys=tuple(stored_key(row) for row in (await connection.execute(keys)).all()),
        secrets=await _secrets(connection),
        revocations=(await connection.execute(select(REVOCATIONS).order_by(REVOCATIONS.c.seq))).all(),
        objects={(row.kind, row.name): row for row in objects},
        client_secrets=(await connection.execute(select(CLIENT_SECRETS))).mappings().all(),
        credentials=(await connection.execute(select(CREDENTIALS))).mappings().all(),
        consents=(await connection.execute(select(CONSENTS))).mappings().all(),
        records=(await connection.execute(select(CONFIGURATION_RECORDS))).mappings().all(),
        outbox=(await connection.execute(select(OUTBOX))).mappings().all(),
    )


async def begin(
    connection: AsyncConnection, before: Before | None, *, sealer: Sealer, now: float, draw_up: DrawUp
) -> Begun:
    """Make what was restored the beginning of an epoch.

    Args:
        before: what was replaced; None when there was nothing.
        now: seconds since the epoch.
        draw_up: draws up the record of it.

    Raises:
        KeysUnusable: the restored keys do not open under the envelope key.
    """
    same = None if before is None else await _is_same(connection, before, sealer=sealer)
    keys = await _renew_keys(connection, before, sealer=sealer, now=now)
    kept = before if same else None
    switched_off, left_out = ((), ()) if kept is None else await _follow(connection, kept)
    if kept is None and CREDENTIALS.name in await table_names(connection):
        await forget_use(connection, sealer=sealer, now=now)
    generation = max(await _generation(connection), before.generation if before else 0) + 1
    number = 2 + await _epochs(connection, before)
    entry, body = draw_up(
        {
            "epoch": number,
            "generation": generation,
            "keys": [one.kid for one in keys if one.state == "active"],
            "switched_off": list(switched_off),
            "left_out": list(left_out),
        }
    )
    since = int(now)
    await _revoke(connection, before, since=since, now=now, entry=entry)
    if before is not None:
        await _keep(connection, before.outbox, known_by=OUTBOX.c.entry)
    made = {"generation": generation, "made_at": since, "entry": entry}
    await connection.execute(insert(CONFIGURATION_GENERATIONS).values(made))
    record = {"generation": generation, "place": 0, "body": body.decode(), "taken_by": "", "taken_at": 0}
    await connection.execute(insert(CONFIGURATION_RECORDS).values(record))
    return Begun(
        number=number,
        since=since,
        entry=entry,
        generation=generation,
        switched_off=switched_off,
        left_out=left_out,
        same=same,
    )


async def _secrets(connection: AsyncConnection) -> dict[str, bytes]:
    return {row.name: row.sealed for row in (await connection.execute(select(SECRETS))).all()}


async def _generation(connection: AsyncConnection) -> int:
    found = await connection.scalar(select(func.max(CONFIGURATION_GENERATIONS.c.generation)))
    return int(found or 0)


async def _is_same(connection: AsyncConnection, before: Before, *, sealer: Sealer) -> bool:
    """Return whether what was replaced has the same keys of digests: then it is of the same installation."""
    return bool(before.secrets) and _opened(before.secrets, sealer) == _opened(
        await _secrets(connection), sealer
    )


def _opened(secrets: Mapping[str, bytes], sealer: Sealer) -> dict[str, bytes] | None:
    try:
        return {
            name: take_secret(StoredSecret(name=one_of(NAMES, name), sealed=sealed), sealer=sealer)
            for name, sealed in secrets.items()
            if name in NAMES
        }
    except KeysUnusable:
        return None


async def _renew_keys(
    connection: AsyncConnection, before: Before | None, *, sealer: Sealer, now: float
) -> tuple[StoredKey, ...]:
    wanted = select(SIGNING_KEYS).where(SIGNING_KEYS.c.purpose.in_(PURPOSES))
    restored = [stored_key(row) for row in (await connection.execute(wanted)).all()]
    others = [one for one in (before.keys if before else ()) if _opens(one, sealer)]
    # Slow for RSA, and the loop has nothing else to do.
    keys = await asyncio.to_thread(begin_anew, restored, others=others, sealer=sealer, at=int(now))
    await connection.execute(delete(SIGNING_KEYS))
    if keys:
        await connection.execute(insert(SIGNING_KEYS), [columns_of(one) for one in keys])
    # Nodes look whether this moved; as milliseconds it is past whatever they counted.
    await connection.execute(update(GENERATIONS).values(number=int(now * 1000)))
    return keys


def _opens(key: StoredKey, sealer: Sealer) -> bool:
    try:
        if key.state == "gone":
            take_public(key, sealer=sealer)
        else:
            take_key(key, sealer=sealer)
    except KeysUnusable:
        return False
    return True


async def _epochs(connection: AsyncConnection, before: Before | None) -> int:
    """Return how often everything was revoked so far."""
    wanted = select(REVOCATIONS.c.entry).where(REVOCATIONS.c.mark == EVERYTHING)
    found = set((await connection.execute(wanted)).scalars().all())
    return len(
        found | {row.entry for row in (before.revocations if before else ()) if row.mark == EVERYTHING}
    )


async def _revoke(
    connection: AsyncConnection, before: Before | None, *, since: int, now: float, entry: str
) -> None:
    """Revoke everything, besides what was revoked there and here, in one order that nobody has seen."""
    rows = [*(await connection.execute(select(REVOCATIONS).order_by(REVOCATIONS.c.seq))).all()]
    rows += before.revocations if before else ()
    first = max([int(now * 1000), *(row.seq + 1 for row in rows)])
    wanted = {(row.mark, row.up_to, row.until, row.entry): None for row in rows}
    wanted[EVERYTHING, since, LATER, entry] = None
    await connection.execute(delete(REVOCATIONS))
    await connection.execute(
        insert(REVOCATIONS),
        [
            {"seq": first + place, "mark": mark, "up_to": up_to, "until": until, "entry": by}
            for place, (mark, up_to, until, by) in enumerate(wanted)
        ],
    )


async def _follow(connection: AsyncConnection, before: Before) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Let the configuration follow what was taken away since the backup.

    Returns:
        What came back switched off, and what did not come back.
    """
    table = CONFIGURATION_OBJECTS
    off: list[str] = []
    out: list[str] = []
    for row in (await connection.execute(select(table).order_by(table.c.kind, table.c.name))).all():
        known = before.objects.get((row.kind, row.name))
        this = (table.c.kind == row.kind, table.c.name == row.name)
        name = f"{row.kind}/{row.name}"
        # Whoever holds a version of it that he read must not take this one for that.
        version = max(row.version, 0 if known is None else known.version) + 1
        await connection.execute(update(table).where(*this).values(version=version))
        if row.state != "live" or (known is not None and known.state == "live" and not known.disabled):
            continue
        if row.kind in SWITCHED and not row.disabled:
            await connection.execute(update(table).where(*this).values(disabled=1))
            off.append(name)
        elif row.kind == "admins":
            await connection.execute(delete(table).where(*this))
            out.append(name)
    await _put_back(connection, CLIENT_SECRETS, before.client_secrets)
    await _put_back(connection, CREDENTIALS, before.credentials)
    await _put_back(connection, CONSENTS, before.consents)
    await _keep(connection, before.records, known_by=CONFIGURATION_RECORDS.c.body)
    return tuple(off), tuple(out)


async def _put_back(connection: AsyncConnection, table: Table, rows: Sequence[RowMapping]) -> None:
    """Have a table be what it was before it was replaced."""
    await connection.execute(delete(table))
    if rows:
        await connection.execute(insert(table), [dict(row) for row in rows])


async def _keep(connection: AsyncConnection, rows: Sequence[RowMapping], *, known_by: Column[str]) -> None:
    """Put back what waited to be written into the log, unless the backup has it too."""
    there = set((await connection.execute(select(known_by))).scalars().all())
    waiting = [dict(row) for row in rows if row[known_by.name] not in there]
    if waiting:
        await connection.execute(insert(known_by.table), waiting)
