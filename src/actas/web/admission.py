"""Bounds on connections and on requests at work in one process (REL-11): beyond them is refused at once."""

from __future__ import annotations

import resource
from functools import lru_cache
from types import TracebackType
from typing import Final

from actas.core.errors import TemporarilyUnavailable
from actas.core.metrics import RATE_LIMITED, UNMETERED, Meter

_SPARE_FILES: Final = 256
"""Open files that are not connections of one listener: the database, the log, the other listener."""


@lru_cache(maxsize=1)
def most_connections() -> int:
    """Return how many connections a listener may hold open, by this process's limit on open files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(64, soft - _SPARE_FILES)


class Admission:
    """Lets at most so many requests in at once. What still arrives is not in, nor is what waits for others.

    Args:
        most: how many.
        meter: told of everybody who found no place.

    Raises:
        TemporarilyUnavailable: on entering, when there is no place.
    """

    def __init__(self, *, most: int, meter: Meter = UNMETERED) -> None:
        self.most = most
        self._inside = 0
        self._meter = meter

    @property
    def room(self) -> int:
        """How many more would be let in now."""
        return self.most - self._inside

    def __enter__(self) -> None:
        if self._inside >= self.most:
            self._meter.count(RATE_LIMITED, "in_flight")
            raise no_place()
        self._inside += 1

    def __exit__(
        self, _kind: type[BaseException] | None, _exc: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._inside -= 1

    def leave(self) -> None:
        """Let another request have the place of one that waits for others."""
        self._inside -= 1

    def come_back(self) -> None:
        """Count it again."""
        self._inside += 1


def no_place() -> TemporarilyUnavailable:
    """Return what whoever found no place is told."""
    return TemporarilyUnavailable("overloaded", detail="in_flight is reached")
