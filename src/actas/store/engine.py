"""What a kind of database must be able to do, so that nothing above it asks which kind it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

EVERYBODY: Final = "everything"
"""The turn that writers wait for who name no topic: one writer at a time, in all processes."""


class Engine(Protocol):
    """Connections to one database, and what differs between kinds."""

    @property
    def name(self) -> str:
        """What the database is called in messages; no password is in it."""
        ...

    @property
    def shared(self) -> bool:
        """Whether nodes on other computers may use it too."""
        ...

    @property
    def unsafe(self) -> str | None:
        """Why it may lose what it has acknowledged; None when it does not (REL-30)."""
        ...

    @property
    def failover(self) -> str | None:
        """What may be lost when a standby takes over; None when nothing is, or there is none (REL-29)."""
        ...

    def transaction(
        self, *, writes: bool, turn: str, within: float | None
    ) -> AbstractAsyncContextManager[AsyncConnection]:
        """Return a transaction; see ``Database.reading`` and ``Database.writing``.

        Raises:
            DatabaseUnavailable: there is no connection to be had in time.
            SQLAlchemyError: a statement failed.
        """
        ...

    async def announce(self, connection: AsyncConnection, topic: str) -> None:
        """Tell every node, once the transaction is committed, that there is news about a topic."""
        ...

    async def hear(self, heard: Callable[[str], None]) -> None:
        """Call ``heard`` with the topic of all news, until cancelled. Returns when there is never any."""
        ...

    async def now(self) -> float | None:
        """Return the database's time, seconds since the epoch; None when its clock is ours.

        Raises:
            DatabaseUnavailable: it does not answer.
            SQLAlchemyError: likewise.
        """
        ...

    def cause(self, problem: SQLAlchemyError) -> str:
        """Return what went wrong, for administrators, with nothing secret in it."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
