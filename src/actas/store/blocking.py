"""A connection to PostgreSQL for whoever may wait: commands that read the log, and threads beside requests.

The driver knows event loops only, and those who read the audit log may stand inside one. So each connection
has a loop of its own, in a thread of its own, and asking it waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import Any, Final

from actas.store.postgresql import Address, Connection, connect, failures, milliseconds

LONGEST: Final = 30.0
"""Seconds that one statement may take: it reads a piece of a log, and nobody's request waits for it."""

_GOING: Final = 5.0


class BlockingConnection:
    """One connection. It may be used from any thread but its own, by one at a time.

    Raises:
        Exception: one of ``failures()``: it cannot be made. So may everything that is asked of it.
    """

    def __init__(self, where: Address) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="postgresql", daemon=True)
        self._thread.start()
        try:
            self._connection = asyncio.run_coroutine_threadsafe(_open(where), self._loop).result()
        except BaseException:
            self._end()
            raise

    def fetch(self, sql: str, *values: object, within: float = LONGEST) -> Sequence[Sequence[Any]]:
        """Run a statement and return its rows.

        Args:
            within: seconds after which the connection is given up.
        """
        asked = asyncio.run_coroutine_threadsafe(_fetch(self._connection, sql, values, within), self._loop)
        try:
            return asked.result()
        except CancelledError:
            raise OSError("the connection was closed") from None

    def close(self) -> None:
        """End it at once; the server lets go of what was locked. May be called again."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(_gone(self._connection), self._loop).result()
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_GOING)
        if not self._thread.is_alive():
            self._loop.close()


async def _open(where: Address) -> Connection:
    return await connect(where, settings={"statement_timeout": milliseconds(LONGEST)})


async def _gone(connection: Connection) -> None:
    connection.terminate()
    # The socket is closed in the loop's next turn.
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def _fetch(
    connection: Connection, sql: str, values: Sequence[object], within: float
) -> Sequence[Sequence[Any]]:
    try:
        async with asyncio.timeout(within):
            return await connection.fetch(sql, *values)
    except failures():
        connection.terminate()
        raise
