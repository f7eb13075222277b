"""What people let apps do, where every node finds it (REL-23)."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from actas.core.errors import StoreUnavailable
from actas.core.records import Record
from actas.signin.consents import Consent, KeptConsent
from actas.store.database import Database
from actas.store.device_codes import decide_on
from actas.store.outbox import Outbox
from actas.store.tables import CONSENTS
from actas.subjects.device_records import DecidedMeanwhile, Decision


class SqlConsents:
    """Implements ``signin.consents.ConsentStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Its own: whoever asked writes the entry, and not whatever else of this process writes entries.
        self._outbox = Outbox(database)

    async def read(self, subject: str, client: str) -> KeptConsent | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(CONSENTS).where(_this(subject, client)))).one_or_none()
        return None if row is None else _kept(row)

    async def write(
        self, kept: KeptConsent, *, seen: KeptConsent | None, record: Record, device: Decision | None = None
    ) -> bool:
        consent = kept.consent
        values = _values(kept)
        try:
            async with self._database.writing(turn=_turn(kept.subject, consent.client)) as connection:
                if seen is None:
                    row = {"subject": kept.subject, "client": consent.client, **values}
                    await connection.execute(insert(CONSENTS).values(**row))
                else:
                    before = _values(seen)
                    same = [
                        CONSENTS.c[name] == before[name]
                        for name in ("version", "scope", "apis", "fingerprint")
                    ]
                    change = update(CONSENTS).where(_this(kept.subject, consent.client), *same)
                    if (await connection.execute(change.values(**values))).rowcount != 1:
                        return False
                await self._outbox.put(connection, [record])
                if device is not None and not await decide_on(connection, device, outbox=self._outbox):
                    raise DecidedMeanwhile  # and the transaction is undone
        except IntegrityError:
            return False
        return True

    async def touch(self, subject: str, client: str, *, at: int) -> None:
        used = update(CONSENTS).where(_this(subject, client), CONSENTS.c.used_at < at).values(used_at=at)
        async with self._database.writing(turn=_turn(subject, client)) as connection:
            await connection.execute(used)

    async def forget(self, subject: str, client: str) -> None:
        async with self._database.writing(turn=_turn(subject, client)) as connection:
            await connection.execute(delete(CONSENTS).where(_this(subject, client)))

    async def of(self, subject: str) -> list[KeptConsent]:
        async with self._database.reading() as connection:
            rows = await connection.execute(select(CONSENTS).where(CONSENTS.c.subject == subject))
            return [_kept(row) for row in rows.all()]


def _this(subject: str, client: str) -> ColumnElement[bool]:
    return and_(CONSENTS.c.subject == subject, CONSENTS.c.client == client)


def _turn(subject: str, client: str) -> str:
    return f"consent {client} {subject}"


def _values(kept: KeptConsent) -> dict[str, int | str]:
    consent = kept.consent
    return {
        "version": kept.version,
        "scope": msgspec.json.encode(sorted(consent.scope)).decode(),
        "apis": msgspec.json.encode(consent.apis).decode(),
        "scope_at": msgspec.json.encode({api: sorted(scope) for api, scope in consent.at.items()}).decode(),
        "given_at": consent.given_at,
        "used_at": consent.used_at,
        "fingerprint": consent.fingerprint,
    }


def _kept(row: Row[Any]) -> KeptConsent:
    try:
        consent = Consent(
            client=row.client,
            scope=msgspec.json.decode(row.scope, type=frozenset[str]),
            apis=msgspec.json.decode(row.apis, type=tuple[str, ...]),
            given_at=row.given_at,
            used_at=row.used_at,
            fingerprint=row.fingerprint,
            at=msgspec.json.decode(row.scope_at, type=dict[str, frozenset[str]]),
        )
    except msgspec.DecodeError as broken:
        raise StoreUnavailable(
            f"what {row.subject} lets {row.client} do cannot be read: {broken}"
        ) from broken
    return KeptConsent(subject=row.subject, version=row.version, consent=consent)
