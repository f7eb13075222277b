"""What every floor may ask of the world: the time, chance, and one guarded way out."""

from __future__ import annotations

import os
import time
from binascii import b2a_base64
from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""A JSON value as msgspec reads it."""

JsonObject = dict[str, Json]

_TO_URL: Final = bytes.maketrans(b"+/", b"-_")


MOST_DRIFT: Final = 5.0
"""Seconds by which the clocks of two computers may differ that work together (REL-13)."""


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
        status: of an answer that came and is no use; None when none came.
        sent: whether any of the request may have left.
    """

    def __init__(self, detail: str, *, status: int | None = None, sent: bool = True) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.sent = sent


class NotSent(FetchFailed):
    """Nothing was sent, for a reason of ours: it says nothing of whom it was for."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, sent=False)


class Answer(NamedTuple):
    """What somebody answered.

    Attributes:
        status: of HTTP; never a redirect.
        retry_after: its header of that name, as it is written; None when there is none.
        fresh_for: as in ``Fetched``; ``dated`` likewise.
    """

    status: int
    body: bytes
    retry_after: str | None = None
    fresh_for: int | None = None
    dated: float | None = None


class Post(Protocol):
    """Sending something out (``net.fetch``): with ``Fetch``, the only way there is."""

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], within: float | None = None
    ) -> Answer:
        """Send ``body`` to an address on record, and return what is answered, whatever it says.

        Args:
            headers: what is said of it and of us, ``Content-Type`` at least. They may hold credentials.
            within: seconds for all of it, for what no request waits for; None for as long as a document may
                take.

        Raises:
            FetchFailed: there was no whole answer, or it led elsewhere. Whether the body arrived is not
                known.
        """
        ...


class Fetch(Protocol):
    """Getting a document (``net.fetch``)."""

    async def get_json(self, url: str) -> Mapping[str, Json]:
        """Return the JSON object at ``url``.

        Raises:
            FetchFailed: for any reason at all; nothing of the answer is used then.
        """
        ...


class Fetched(NamedTuple):
    """A document, and for how long it is good by its own account.

    Attributes:
        fresh_for: seconds that its headers give it (RFC 9111 section 5.2.2); None when they say nothing.
        dated: what time it was there, seconds since the epoch (RFC 9110 section 6.6.1); None when it does not
            say.
    """

    document: Mapping[str, Json]
    fresh_for: int | None = None
    dated: float | None = None


class FetchDocument(Protocol):
    """Getting a document from an address that a caller named (``net.fetch``)."""

    async def get_document(self, url: str, *, most: int, listed: bool) -> Fetched:
        """Return the JSON object at ``url``.

        Args:
            most: bytes that are read at most.
            listed: whether the operator named its host for this. To any other host the list of hosts with
                private addresses does not apply.

        Raises:
            FetchFailed: for any reason at all; nothing of the answer is used then.
        """
        ...


class MarkStore(Protocol):
    """Remembers what may happen once."""

    async def claim(
        self, *, purpose: str, issuer: str, token_id: str, issued_at: int, expires_at: int
    ) -> bool:
        """Return True the first time, False ever after, for one (purpose, issuer, token id).

        Args:
            issued_at: when it was made, seconds since the epoch; ``expires_at`` likewise, after which it is
                not accepted any more.

        Raises:
            BadToken: it is from a time of which nobody knows what was used.
            Exception: it could not be recorded; the request is refused then, never assumed unused.
        """
        ...
