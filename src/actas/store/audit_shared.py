"""Taking up a stream of the audit log in PostgreSQL, which nodes share. The writer is ``store.audit``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actas.audit.chain import Head
from actas.audit.lifecycle import BrokenStream, Narrator
from actas.core.ports import Chance, Clock
from actas.core.secret import Secret
from actas.store.audit import NOTHING_SEALED, StreamWriter, WriterBounds
from actas.store.audit_opening import Opened, open_stream
from actas.store.audit_postgresql import PostgresqlStream, PostgresqlStreams
from actas.store.audit_postgresql_scribe import PostgresqlScribe
from actas.store.postgresql import address, require_driver


async def open_shared_writer(
    url: Secret,
    *,
    clock: Clock,
    chance: Chance,
    sealed: Mapping[str, Head] = NOTHING_SEALED,
    bounds: WriterBounds | None = None,
    accept_unsafe: bool = False,
) -> StreamWriter:
    """Take up a stream of a PostgreSQL database that has this release's schema, and return its writer.

    Args:
        sealed: heads that the last checkpoint sealed, as for ``store.audit.open_writer``.
        accept_unsafe: whether a server will do that may lose what it has acknowledged (REL-30).

    Raises:
        AuditUnavailable: the database cannot be used.
        DatabaseMisconfigured: the URL cannot be read, or the driver is missing.
    """
    where = address(url)
    require_driver()
    narrator = Narrator(clock=clock, chance=chance)
    bounds = bounds or WriterBounds()

    async def take_up(left: Sequence[BrokenStream] = ()) -> Opened[PostgresqlStream]:
        streams = PostgresqlStreams(where, accept_unsafe=accept_unsafe)
        try:
            return await open_stream(streams, narrator=narrator, sealed=sealed, left=left)
        except BaseException:
            streams.close()
            raise

    opened = await take_up()
    return StreamWriter(
        lambda report: PostgresqlScribe(
            opened, where=where, reopen=take_up, report=report, narrator=narrator, most=bounds.batch
        ),
        unknown=opened.unknown,
        broken=opened.broken,
        bounds=bounds,
    )
