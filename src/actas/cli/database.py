"""The main database for commands that look after it: whatever its schema, and without our keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from actas.cli.configuration import is_dev, read_draft, refusals
from actas.cli.exits import Exit, Failure
from actas.cli.run import Run

if TYPE_CHECKING:
    from actas.settings.load import Draft
    from actas.store.backup import Contents
    from actas.store.database import Database

T = TypeVar("T")


def is_there(draft: Draft) -> bool:
    """Return whether there is a database to look at: a file may not have been made yet."""
    from actas.app.foundation import place_of
    from actas.store.database import file_of, is_shared

    place = place_of(draft)
    return is_shared(place) or file_of(place).exists()


def logged(contents: Contents) -> int:
    """Return how many entries of an audit log are in a backup, whether it was in files or in the database."""
    from actas.store.backup import LOG_TABLES

    return sum(contents.tally.entries.values()) + contents.tally.rows.get(LOG_TABLES[0], 0)


def draft_of(run: Run, config: Sequence[str], *, dev: bool) -> Draft:
    """Read the configuration that says where the database is.

    Raises:
        Failure: it does not hold.
    """
    return read_draft(
        run,
        config,
        dev=is_dev(run, dev=dev),
        environ=run.world.environ,
        secrets="ignored",
        reads_only=True,
        alone=False,
    )


def on_database(draft: Draft, job: Callable[[Database], Awaitable[T]], *, make: bool = False) -> T:
    """Run ``job`` over the database of a configuration, as it is.

    Args:
        make: whether a file that is missing is made.

    Raises:
        Failure: there is none, or it cannot be used.
    """
    from actas.app.foundation import place_of
    from actas.store.database import connect_database, file_of

    place = place_of(draft)

    async def over() -> T:
        database = await connect_database(place, accept_unsafe=draft.server.unsafe_database)
        try:
            return await job(database)
        finally:
            await database.close()

    with refusals():
        if not make and not is_there(draft):
            raise Failure(
                f"there is no database at {file_of(place)}: the server has not been started yet",
                code="not_started",
                exit=Exit.UNFINISHED,
                hint="actas serve makes it",
            )
        return asyncio.run(over())
