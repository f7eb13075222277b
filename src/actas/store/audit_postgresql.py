"""One stream in PostgreSQL: its claim, its rows, and the statement of a batch.

**One writer.** A stream is claimed by an advisory lock of the very session that writes it, so when the server
lets the lock go, everything that this session had under way has been committed or undone. Whoever takes the
stream up also counts its ``epoch`` up, and a batch is written only in the epoch it was made in: where a
connection pooler hands sessions around and locks mean nothing, the older of two writers still writes nothing.

**One round trip.** A batch is one statement: it looks at the epoch and at the server's settings, moves the
watermark of deliveries and inserts the lines. It has committed when it returns.

A connection that was lost comes back with ``again``, which first ends the session that is left of the old
one: only then is it decided whether its last batch was written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, Final

from actas.audit.chain import EMPTY, BrokenChain, Head, line_hash
from actas.core.errors import AuditUnavailable
from actas.store.audit_claim import MOST_STREAMS
from actas.store.audit_ledger import Page
from actas.store.audit_opening import State
from actas.store.postgresql import Address, Connection, bounded, connect, failures, lock_of, milliseconds

LIMIT: Final = 2.0
"""Seconds that a statement may take: as long as a request may wait for its entry (REL-02)."""

_SETTINGS: Final = {"statement_timeout": milliseconds(LIMIT)}
_SAFE: Final = (
    "(current_setting('fsync') <> 'off' AND current_setting('full_page_writes') <> 'off'"
    " AND current_setting('synchronous_commit') <> 'off')"
)
_MINE: Final = (
    "UPDATE audit_streams SET delivered = $3, clean = $4"  # noqa: S608 - only our own text, values are bound
    f" WHERE name = $1 AND epoch = $2 AND ($5::boolean OR {_SAFE})"
)
_BATCH: Final = (
    f"WITH mine AS ({_MINE} RETURNING name) INSERT INTO audit_entries (stream, seq, line)"  # noqa: S608 - as above
    " SELECT mine.name, $6::bigint + put.nth, put.line"
    " FROM mine, unnest($7::bytea[]) WITH ORDINALITY AS put (line, nth)"
)
_INSERT: Final = (
    "INSERT INTO audit_entries (stream, seq, line)"
    " SELECT $1, $2::bigint + nth, line FROM unnest($3::bytea[]) WITH ORDINALITY AS put (line, nth)"
)
_ASIDE: Final = (
    "INSERT INTO audit_undelivered (stream, seq) SELECT $1, unnest($2::bigint[]) ON CONFLICT DO NOTHING"
)
_NAMED: Final = "DELETE FROM audit_undelivered WHERE stream = $1"
_TAKE_UP: Final = (
    "UPDATE audit_streams SET delivered = $3, checked = $4, clean = false WHERE name = $1 AND epoch = $2"
)
_MAKE: Final = (
    "INSERT INTO audit_streams (name, epoch, delivered, checked, clean)"
    " SELECT $1, 0, 0, 0, NOT EXISTS (SELECT FROM audit_entries WHERE stream = $1) ON CONFLICT DO NOTHING"
)
_NEXT_EPOCH: Final = "UPDATE audit_streams SET epoch = epoch + 1 WHERE name = $1 RETURNING epoch"
_LOCK: Final = "SELECT pg_try_advisory_lock($1)"
_UNLOCK: Final = "SELECT pg_advisory_unlock($1)"
_WAIT: Final = "SELECT pg_advisory_lock($1)"
# Of what is left of our own session only: another's, on this stream or elsewhere, is not ours to end.
_END: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = $1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (classid::bigint << 32) | objid::bigint = $2"
)
_PID: Final = "SELECT pg_backend_pid()"


class PostgresqlStreams:
    """Implements ``store.audit_opening.Streams`` over a database that has this release's schema.

    Args:
        accept_unsafe: whether a server will do that may lose what it has acknowledged (REL-30).
    """

    def __init__(self, where: Address, *, accept_unsafe: bool) -> None:
        self.where = where.name
        self.damage: tuple[type[Exception], ...] = ()
        self.failure = failures()
        self._address = where
        self._accept_unsafe = accept_unsafe
        self._names = iter(range(1, MOST_STREAMS + 1))
        self._connection: Connection | None = None

    async def next_free(self) -> FreeStream | None:
        try:
            if self._connection is None:
                self._connection = await connect(self._address, settings=_SETTINGS)
            for number in self._names:
                name = f"s{number}"
                with bounded(self._connection, LIMIT):
                    claimed = await self._connection.fetchval(_LOCK, lock_of_stream(name))
                if claimed:
                    return FreeStream(
                        name, self._connection, self._address, accept_unsafe=self._accept_unsafe
                    )
        except self.failure as problem:
            told = self._address.without_secrets(str(problem)) or "it does not answer"
            raise AuditUnavailable(f"the audit log in {self.where} cannot be used: {told}") from problem
        return None

    def close(self) -> None:
        """End the connection, and with it every claim. Not once a stream was opened: it goes on with it."""
        if self._connection is not None:
            self._connection.terminate()


class FreeStream:
    """Implements ``store.audit_opening.Free``."""

    def __init__(self, name: str, connection: Connection, where: Address, *, accept_unsafe: bool) -> None:
        self.name = name
        self._connection = connection
        self._where = where
        self._accept_unsafe = accept_unsafe

    async def open(self, *, sealed: Head) -> PostgresqlStream:
        stream = PostgresqlStream(self.name, self._connection, self._where, accept_unsafe=self._accept_unsafe)
        if sealed.seq and (await stream.head()).seq == 0:
            raise BrokenChain(1, f"stream {self.name} is gone, and was sealed up to entry {sealed.seq}")
        with bounded(self._connection, LIMIT):
            await self._connection.execute(_MAKE, self.name)
        await stream.begin()
        return stream

    async def release(self) -> None:
        # Where it fails, the claim goes with its connection.
        with contextlib.suppress(*failures()), bounded(self._connection, LIMIT):
            await self._connection.fetchval(_UNLOCK, lock_of_stream(self.name))


class PostgresqlStream:
    """Implements ``store.audit_opening.OpenStream``. Every method raises one of ``failures()``.

    Attributes:
        name: the stream's.
        where: the database, for administrators.
    """

    def __init__(self, name: str, connection: Connection, where: Address, *, accept_unsafe: bool) -> None:
        self.name = name
        self.where = where.name
        self._address = where
        self._connection = connection
        self._accept_unsafe = accept_unsafe
        self._epoch = 0
        self._session = 0

    async def begin(self) -> None:
        """Begin an epoch: what another process still wants to write to this stream is too late.

        Raises:
            AuditUnavailable: the stream has lost its state.
        """
        with bounded(self._connection, LIMIT):
            self._session = int(await self._connection.fetchval(_PID))
            epoch = await self._connection.fetchval(_NEXT_EPOCH, self.name)
        if epoch is None:
            raise AuditUnavailable(f"stream {self.name} in {self.where} has lost its state")
        self._epoch = int(epoch)

    async def again(self) -> PostgresqlStream | None:
        """Return the same stream on a new connection; None when somebody else has taken it up.

        What was under way on the old connection is decided when this returns.
        """
        connection = await connect(self._address, settings=_SETTINGS)
        try:
            with bounded(connection, LIMIT):
                claimed = await _claimed(connection, lock_of_stream(self.name), session=self._session)
            if not claimed:
                connection.terminate()
                return None
            stream = PostgresqlStream(self.name, connection, self._address, accept_unsafe=self._accept_unsafe)
            await stream.begin()
        except BaseException:
            connection.terminate()
            raise
        return stream

    async def state(self) -> State:
        sql = "SELECT delivered, checked, clean FROM audit_streams WHERE name = $1"
        ((delivered, checked, clean),) = await self._fetch(sql, self.name)
        return State(delivered=delivered, checked=checked, clean=clean)

    async def head(self) -> Head:
        sql = "SELECT seq, line FROM audit_entries WHERE stream = $1 ORDER BY seq DESC LIMIT 1"
        rows = await self._fetch(sql, self.name)
        return Head(rows[0][0], line_hash(rows[0][1])) if rows else EMPTY

    async def line(self, seq: int) -> bytes | None:
        rows = await self._fetch(
            "SELECT line FROM audit_entries WHERE stream = $1 AND seq = $2", self.name, seq
        )
        return bytes(rows[0][0]) if rows else None

    async def rows(self, *, after: int, most: int) -> list[tuple[int, bytes]]:
        sql = "SELECT seq, line FROM audit_entries WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3"
        return [(seq, line) for seq, line in await self._fetch(sql, self.name, after, most)]

    async def undelivered(self) -> list[int]:
        sql = "SELECT seq FROM audit_undelivered WHERE stream = $1 ORDER BY seq"
        return [seq for (seq,) in await self._fetch(sql, self.name)]

    async def take_up(self, lines: tuple[bytes, ...], *, head: Head) -> None:
        with bounded(self._connection, LIMIT):
            async with self._connection.transaction():
                taken = await self._connection.execute(
                    _TAKE_UP, self.name, self._epoch, head.seq + len(lines), head.seq
                )
                await self._require(taken)
                await self._connection.execute(_INSERT, self.name, head.seq, lines)
                await self._connection.execute(_NAMED, self.name)

    async def write(self, page: Page) -> None:
        """Write a batch durably, whole or not at all.

        Raises:
            AuditUnavailable: somebody else writes this stream, or the server may lose what it acknowledges;
                nothing was written.
            Exception: one of ``failures()``: it is not known whether it was written; see ``again``.
        """
        mine = (self.name, self._epoch, page.delivered, page.clean, self._accept_unsafe)
        with bounded(self._connection, LIMIT):
            if page.lines and not page.aside and not page.clean:
                await self._require(await self._connection.execute(_BATCH, *mine, page.after, page.lines))
                return
            async with self._connection.transaction():
                await self._require(await self._connection.execute(_MINE, *mine))
                if page.lines:
                    await self._connection.execute(_INSERT, self.name, page.after, page.lines)
                if page.aside:
                    await self._connection.execute(_ASIDE, self.name, page.aside)
                if page.clean:
                    await self._connection.execute(_NAMED, self.name)

    async def _require(self, status: str) -> None:
        """Return when a statement touched anything: it looks at epoch and settings."""
        if not status.endswith(" 0"):
            return
        sql = f"SELECT epoch, {_SAFE} FROM audit_streams WHERE name = $1"  # noqa: S608 - only our own text
        rows = await self._connection.fetch(sql, self.name)
        if not rows:
            raise AuditUnavailable(f"stream {self.name} in {self.where} has lost its state")
        if rows[0][0] != self._epoch:
            raise AuditUnavailable(f"another process writes stream {self.name} in {self.where}")
        raise AuditUnavailable(
            f"the database {self.where} may lose what it acknowledges: fsync, full_page_writes or"
            " synchronous_commit was switched off while we were serving"
        )

    async def close(self) -> None:
        """Let go of nothing: the claim lives on the connection, and goes with it."""

    async def release(self) -> None:
        """Let go of the claim and of the connection, so that the next one finds the stream free at once."""
        with bounded(self._connection, LIMIT):
            await self._connection.fetchval(_UNLOCK, lock_of_stream(self.name))
        self.drop()

    def drop(self) -> None:
        """End the connection at once, whatever goes on."""
        self._connection.terminate()

    @property
    def lost(self) -> bool:
        """Whether the connection has ended."""
        return self._connection.is_closed()

    async def _fetch(self, sql: str, *values: object) -> Sequence[Sequence[Any]]:
        with bounded(self._connection, LIMIT):
            return await self._connection.fetch(sql, *values)


def lock_of_stream(name: str) -> int:
    """Return the advisory lock that claims a stream."""
    return lock_of(f"audit stream {name}")


async def _claimed(connection: Connection, lock: int, *, session: int) -> bool:
    """Claim a stream that was ours; end the session that is left of us first, if there is one."""
    if await connection.fetchval(_LOCK, lock):
        return True
    if not await connection.fetch(_END, session, lock):
        return False
    await connection.fetchval(_WAIT, lock)
    return True
