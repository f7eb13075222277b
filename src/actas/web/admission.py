"""Bounds on connections and on requests at work in one process (REL-11).

What comes beyond them is refused at once. Below them requests wait for each other: the bounds keep memory and
files, not the time that an answer takes.
"""

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
    """Lets at most so many requests in at once. A request that is still arriving is not in.

    Args:
        most: how many.
        meter: told of everybody who found no place.

    Raises:
        TemporarilyUnavailable: on entering, when there is no place.
    """

    def __init__(self, *, most: int, meter: Meter = UNMETERED) -> None:
        self._most = most
        self._inside = 0
        self._meter = meter

    def __enter__(self) -> None:
        if self._inside >= self._most:
            self._meter.count(RATE_LIMITED, "in_flight")
            raise TemporarilyUnavailable("overloaded", detail="in_flight is reached")
        self._inside += 1

    def __exit__(
        self, _kind: type[BaseException] | None, _exc: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._inside -= 1
