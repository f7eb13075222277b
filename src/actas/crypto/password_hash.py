"""People's passwords: hashed with argon2id (RFC 9106), in threads of their own, so many at once and no more.

A password can be guessed, so its hash is slow and takes memory on purpose. That is what a flood of sign-ins
would use against everybody else: the threads that hash yield to all others, few hash at once, few wait, and
whoever comes beyond that is told to come again.

What is hashed is a keyed digest of the password: a copy of the hashes is useless without the key, which
rests outside the database (SEC-13). Who nobody is called costs what a wrong password costs.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
import sys
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from actas.core.errors import TemporarilyUnavailable
from actas.core.secret import Secret
from actas.crypto.keyed import keyed_digest

MOST_BYTES: Final = 1024
"""A longer text is no password of anybody."""

AT_ONCE: Final = 2
"""Passwords that one process hashes at a time, at most."""

MOST_WAITING: Final = 16
"""Passwords that wait for that: with the cost below, for about a second."""

_NICENESS: Final = 5
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one hash costs.

    Attributes:
        memory: KiB.
        passes: over that memory.
    """

    memory: int = 47_104
    passes: int = 1


class Checked(NamedTuple):
    """What became of a password that was presented.

    Attributes:
        right: whether it is the one.
        outdated: whether its hash is to be made anew, at another cost.
    """

    right: bool
    outdated: bool


class PasswordHashes:
    """Makes hashes of passwords, and checks passwords against them.

    Args:
        pepper: the key of the digests that are hashed, 32 bytes, used for nothing else.
        at_once: passwords that are hashed at a time.
        waiting: passwords that wait for that.
    """

    def __init__(
        self,
        *,
        pepper: bytes,
        cost: Cost | None = None,
        at_once: int = AT_ONCE,
        waiting: int = MOST_WAITING,
    ) -> None:
        cost = cost or Cost()
        # One lane: the work is the same, and a second one would take a second processor from other requests.
        self._argon2 = PasswordHasher(
            time_cost=cost.passes,
            memory_cost=cost.memory,
            parallelism=1,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )
        self._pepper = pepper
        self._nobodys = _nobodys(cost)
        self._most = at_once + waiting
        self._inside = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(
            max_workers=at_once, thread_name_prefix="actas-password", initializer=_yield_to_others
        )

    async def hash(self, password: str) -> str:
        """Return a hash to keep, with its salt and its cost in it.

        Raises:
            TemporarilyUnavailable: too many passwords are being hashed.
            ValueError: it is longer than ``MOST_BYTES``.
        """
        if not _is_short(password):
            raise ValueError(f"a password has at most {MOST_BYTES} bytes")
        digest = self._digest(password)
        hashed, _ = await self._run(None, digest)
        return hashed

    async def check(self, password: str, hashed: str | None, *, initial: Secret | None = None) -> Checked:
        """Return whether a password is right. Every answer costs the same.

        Args:
            password: as it was presented.
            hashed: the hash that is kept; None when there is none, or nobody whose it could be.
            initial: the password until there is one that is kept; otherwise nothing is compared with it.

        Raises:
            TemporarilyUnavailable: too many passwords are being hashed.
        """
        fits = _is_short(password)
        digest = self._digest(password if fits else "")
        first = self._digest(initial.reveal() if initial else "")
        _, matches = await self._run(hashed or self._nobodys, digest)
        if hashed is None:
            right = hmac.compare_digest(first, digest) and fits and bool(initial)
            return Checked(right, outdated=False)
        right = matches and fits
        return Checked(right, outdated=right and self._argon2.check_needs_rehash(hashed))

    def close(self) -> None:
        """Let go of the threads. What waits is not hashed any more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _digest(self, password: str) -> bytes:
        """Return what is hashed in the place of a password, however its characters were typed (NFKC)."""
        text = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
        return keyed_digest(text, key=self._pepper)

    async def _run(self, hashed: str | None, digest: bytes) -> tuple[str, bool]:
        """Hash in a thread: anew when there is no hash, else to see whether it is that of ``digest``."""
        with self._lock:
            if self._inside >= self._most:
                raise TemporarilyUnavailable(
                    "overloaded", detail=f"{self._most} passwords are being hashed or wait for it"
                )
            self._inside += 1
        task = self._pool.submit(self._work, hashed, digest)
        # Whoever hung up waits no longer, and what is being hashed is nevertheless hashed to its end.
        task.add_done_callback(lambda _: self._left())
        return await asyncio.wrap_future(task)

    def _left(self) -> None:
        with self._lock:
            self._inside -= 1

    def _work(self, hashed: str | None, digest: bytes) -> tuple[str, bool]:
        if hashed is None:
            return self._argon2.hash(digest), True
        try:
            return hashed, self._argon2.verify(hashed, digest)
        except (VerificationError, InvalidHashError):
            return hashed, False


def _is_short(password: str) -> bool:
    return len(password) <= MOST_BYTES and len(password.encode("utf-8", "surrogatepass")) <= MOST_BYTES


def _nobodys(cost: Cost) -> str:
    """Return a hash that no password has, in the form of those that are kept and at their cost."""
    salt, made = (
        base64.b64encode(os.urandom(size)).decode().rstrip("=") for size in (_SALT_BYTES, _HASH_BYTES)
    )
    return f"$argon2id$v=19$m={cost.memory},t={cost.passes},p=1${salt}${made}"


def _yield_to_others() -> None:
    """Have this thread run when no other wants to: on Linux each thread has a niceness of its own."""
    if sys.platform == "linux":
        # Where a sandbox forbids it, passwords are hashed nevertheless.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
