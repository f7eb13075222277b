"""A request that waits for somebody else takes no place from others (REL-10, REL-11)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Place(Protocol):
    """What a request at work occupies."""

    def leave(self) -> None:
        """Let another request have the place."""
        ...

    def come_back(self) -> None:
        """Be at work again, whether or not there is room: what was let in is finished."""
        ...


_place: ContextVar[Place | None] = ContextVar("place", default=None)


@contextmanager
def occupying(place: Place) -> Generator[None]:
    """Say what is done inside for a request that occupies a place."""
    before = _place.set(place)
    try:
        yield
    finally:
        _place.reset(before)


@contextmanager
def waiting_for_others() -> Generator[None]:
    """Wait inside for what others must do first, such as an issuer for its keys, and occupy nothing."""
    place = _place.get()
    if place is None:
        yield
        return
    place.leave()
    try:
        yield
    finally:
        place.come_back()
