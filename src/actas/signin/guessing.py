"""Guessing who somebody is, is slow (SEC-14 for people).

Failures are counted for a name and a source together, so that a stranger elsewhere locks nobody out; for a
source, whatever names are tried there; and for a name, wherever that happens. By the last one a person could
be locked out by strangers. So it is slow and not closed, and it does not hold for sources from which the
person signed in before. Whoever has to wait costs no hash, and it is alike for names that nobody has.

Who signs in has their own failures there forgotten, for the source too. What was tried on other names stays:
an account of one's own does not begin the count anew.

A name is counted as it is compared: capitals, widths and spaces around it make no other.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from actas.clients.throttle import Throttle
from actas.core.errors import TooManyRequests
from actas.core.source import place_of
from actas.signin.holdings import Holdings
from actas.signin.records import CredentialRecords

MOST_PLACES: Final = 8
"""Sources that are remembered of a person; the newest stay."""

AT_ONCE: Final = 2
"""Attempts for one name from one source that one process looks at, at a time: what is being looked at has not
failed yet."""

LONGEST_NAME: Final = 256
"""Characters of a name that is looked at: nobody has a longer one."""


class Attempt:
    """One attempt to sign in. It is told how it ended; when it is not, nothing is counted.

    Attributes:
        failed: whether what was presented was wrong.
    """

    __slots__ = ("failed",)

    def __init__(self) -> None:
        self.failed = False


class SignInGuessing:
    """Says whether somebody may try to sign in now, and counts how that ends.

    Args:
        throttle: counts, together with other processes.
        records: remember where people signed in from.
        mark: gives what stands for a source; it says nothing of it.
    """

    def __init__(
        self, throttle: Throttle, records: CredentialRecords, *, mark: Callable[[str, str], str]
    ) -> None:
        self._throttle = throttle
        self._records = records
        self._mark = mark
        self._looked_at: Counter[tuple[str, str]] = Counter()

    @asynccontextmanager
    async def attempt(self, name: str, source: str, *, subject: str | None) -> AsyncGenerator[Attempt]:
        """Within this, what somebody presents may be looked at.

        Args:
            name: as it was typed.
            source: the address of whoever typed it.
            subject: whose name it is; None for nobody's.

        Raises:
            TooManyRequests: on entering: so much was wrong that the next attempt has to wait.
            StoreUnavailable: nobody knows whether it may.
        """
        who, place = canonical(name), place_of(source)
        await self._require_patience(who, source, subject)
        key = (who, place)
        if self._looked_at[key] >= AT_ONCE:
            raise TooManyRequests(
                "too_many_failures", detail=f"{AT_ONCE} attempts at once from {source}", retry_after=1
            )
        self._looked_at[key] += 1
        attempt = Attempt()
        try:
            yield attempt
        finally:
            self._looked_at[key] -= 1
            if not self._looked_at[key]:
                del self._looked_at[key]
            if attempt.failed:
                self._throttle.failed("failed_sign_in", who, source)
                self._throttle.failed("failed_sign_in_source", "", source)
                self._throttle.failed("failed_sign_in_person", who, "")

    @asynccontextmanager
    async def unnamed(self, source: str) -> AsyncGenerator[Attempt]:
        """Within this, what somebody presents who says no name may be looked at.

        Args:
            source: the address that it came from.

        Raises:
            TooManyRequests: on entering: so much from there was wrong that the next attempt has to wait.
        """
        self._throttle.require_patience("failed_sign_in_source", "", source)
        attempt = Attempt()
        try:
            yield attempt
        finally:
            if attempt.failed:
                self._throttle.failed("failed_sign_in_source", "", source)

    async def succeeded(self, name: str, source: str, *, subject: str) -> None:
        """Note that somebody signed in, with everything that was asked: a right password alone may be less.

        Raises:
            StoreUnavailable: nobody knows whether it was noted.
        """
        who, place = canonical(name), self._mark("familiar", place_of(source))
        # Theirs at this source alone. Whoever has an account may be the one who guesses at the others', and
        # strangers guess on elsewhere at the name of somebody who has signed in here.
        self._throttle.succeeded("failed_sign_in", who, source)

        def change(before: Holdings) -> tuple[Holdings, None]:
            if place in before.places:
                return before, None
            return msgspec.structs.replace(before, places=(*before.places, place)[-MOST_PLACES:]), None

        await self._records.change(subject, change)

    async def _require_patience(self, who: str, source: str, subject: str | None) -> None:
        self._throttle.require_patience("failed_sign_in", who, source)
        self._throttle.require_patience("failed_sign_in_source", "", source)
        try:
            self._throttle.require_patience("failed_sign_in_person", who, "")
        except TooManyRequests:
            # Looked up for nobody too: it must not take less time.
            holdings = await self._records.read(subject)
            if self._mark("familiar", place_of(source)) not in holdings.places:
                raise


def canonical(name: str) -> str:
    """Return the name under which attempts are counted, whether or not anybody is called so.

    Args:
        name: of at most ``LONGEST_NAME`` characters.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", " ".join(text.split()))
