"""What every floor may ask of the world: the time, chance, and one guarded way out."""

from __future__ import annotations

import os
import time
from binascii import b2a_base64
from collections.abc import Mapping
from typing import Final, Protocol

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""A JSON value as msgspec reads it."""

JsonObject = dict[str, Json]

_TO_URL: Final = bytes.maketrans(b"+/", b"-_")


class Clock(Protocol):
    """The time, handed in so that tests can hold it still."""

    def now(self) -> float:
        """Return seconds since the epoch, UTC (a NumericDate with fractions)."""
        ...


class SystemClock:
    """The clock of this computer."""

    def now(self) -> float:
        return time.time()


class Chance(Protocol):
    """Randomness, handed in so that tests can foresee it."""

    def token(self, size: int) -> str:
        """Return ``size`` random bytes as base64url text without padding."""
        ...


class SystemChance:
    """The randomness of the operating system."""

    def token(self, size: int) -> str:
        return b2a_base64(os.urandom(size), newline=False).translate(_TO_URL, b"=").decode("ascii")


class FetchFailed(Exception):
    """A document could not be fetched. The message says why, for administrators.

    Args:
        detail: what happened, naming the address asked.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Fetch(Protocol):
    """The only way out (``net.fetch``)."""

    async def get_json(self, url: str) -> Mapping[str, Json]:
        """Return the JSON object at ``url``.

        Raises:
            FetchFailed: for any reason at all; nothing of the answer is used then.
        """
        ...
