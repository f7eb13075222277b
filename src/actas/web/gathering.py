"""Sums over the worker processes of one server, so that a scrape never shows one random worker's numbers.

Each worker writes its numbers to a file of its own in a private folder, every second and whenever it is
scraped; who is scraped sums the files. What was shown once was written before, so no counter ever goes back,
also when a worker dies: the one that takes its place counts on from its file.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

import msgspec
import structlog

from actas.web.tally import Snapshot, Tally, together

EVERY: Final = 1.0
"""Seconds between two writings of a worker that nobody scrapes."""

_log = structlog.get_logger("actas.metrics")


class Gathering:
    """The numbers of a server, from whichever of its processes is asked.

    Args:
        folder: private to the processes of this server; None when there is only this one.
        number: of this process among them.

    Attributes:
        tally: the numbers of this process.
    """

    def __init__(self, folder: Path | None = None, *, number: int = 0) -> None:
        self._folder = folder
        self._file = None if folder is None else folder / f"{number}.json"
        self.tally = Tally(None if self._file is None else _read(self._file))

    def now(self) -> Snapshot:
        """Return the sums as they are.

        Raises:
            OSError: this process's own numbers cannot be written, so that no sum would be true.
        """
        at = time.monotonic()
        if self._folder is None:
            return together([self.tally.snapshot(at)], at=at)
        self._write(at)
        found = [_read(path) for path in sorted(self._folder.glob("*.json"))]
        return together([one for one in found if one is not None], at=at)

    async def run(self) -> None:
        """Write this process's numbers every second until cancelled; the last of them at the end."""
        if self._folder is None:
            return
        try:
            while True:
                self._try_to_write()
                await asyncio.sleep(EVERY)
        finally:
            self._try_to_write()

    def _try_to_write(self) -> None:
        try:
            self._write(time.monotonic())
        except OSError as problem:
            _log.warning("metrics not shared", detail=str(problem))

    def _write(self, at: float) -> None:
        if self._file is None:
            return
        # One writer per file, and whoever reads sees all of it or the one before.
        new = self._file.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(self.tally.snapshot(at)))
        new.replace(self._file)


def _read(path: Path) -> Snapshot | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Snapshot)
    except (OSError, msgspec.DecodeError):
        return None
