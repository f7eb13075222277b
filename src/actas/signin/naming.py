"""Which app it was that a browser named, for administrators: as it is registered, or as it was spelt.

A browser proves nothing of the app that sent it, so what is noted here lets nobody do anything, and a refusal
stays one that anybody could have made (SEC-90). The nearest name that there is stands in the log alone: to
strangers, a misspelt name is answered like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, Protocol

from actas.audit.trail import Trail
from actas.core.client import Client
from actas.core.errors import OAuthError
from actas.core.ports import Clock

MOST: Final = 30
"""Names that are looked for in a minute: each takes long among many, and anybody can ask under any name."""


class Directory(Protocol):
    """Finds clients. Answers from memory."""

    def client(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        ...


class Naming:
    """Notes in a trail which app was named.

    Args:
        names: returns what the apps that people sign in to are called.
        suggested: returns the end of a sentence with the nearest of some words to another, or nothing.
    """

    def __init__(
        self,
        directory: Directory,
        *,
        names: Callable[[], Collection[str]],
        suggested: Callable[[str, Collection[str]], str],
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._names = names
        self._suggested = suggested
        self._clock = clock
        self._minute = 0
        self._looked = 0

    def note(self, trail: Trail, error: Exception) -> None:
        """Note of whom a refusal speaks, when nobody who signed in came for it.

        Args:
            trail: says what was named; the client is noted in it when there is one.
            error: what ended the attempt; its detail has the nearest name when there is none.
        """
        if trail.client is not None or not trail.asked_as:
            return
        trail.said_by = self._directory.client(trail.asked_as)
        if trail.said_by is None and isinstance(error, OAuthError) and error.reason == "unknown_app":
            error.detail += self._meant(trail.asked_as)

    def _meant(self, name: str) -> str:
        minute = int(self._clock.now() // 60)
        if minute != self._minute:
            self._minute, self._looked = minute, 0
        if self._looked >= MOST:
            return ""
        self._looked += 1
        return self._suggested(name[:100], self._names())
