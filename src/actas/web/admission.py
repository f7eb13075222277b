"""Overload is shed, not queued: a bound on requests at work in one process (REL-11)."""

from __future__ import annotations

from types import TracebackType

from actas.core.errors import TemporarilyUnavailable


class Admission:
    """Lets at most so many requests in at once. A request that is still arriving is not in.

    Args:
        most: how many.

    Raises:
        TemporarilyUnavailable: on entering, when there is no place.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._inside = 0

    def __enter__(self) -> None:
        if self._inside >= self._most:
            raise TemporarilyUnavailable("overloaded", detail="in_flight is reached")
        self._inside += 1

    def __exit__(
        self, _kind: type[BaseException] | None, _exc: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._inside -= 1
