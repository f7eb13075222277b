"""Which process writes which stream, kept by the operating system.

A claim is an ``flock`` on ``<stream>.lock``: it cannot outlive its process, so after a ``kill -9`` the next
process takes the stream up again, and no two ever write one file. The lock file is never removed: removing
it would let two processes hold "the" lock on two different files of one name.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from actas.core.errors import AuditUnavailable

MOST_STREAMS: Final = 100
"""Streams in one folder: no more than one checkpoint can seal."""


class Claim:
    """A lock that is held until released, or until the process ends."""

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self._descriptor = descriptor

    def holds(self) -> bool:
        """Whether it is held: the operating system takes it from nobody."""
        return True

    def release(self) -> None:
        """Let the next one have it. Once only."""
        os.close(self._descriptor)


def claim(path: Path) -> Claim | None:
    """Return a claim on the lock file at ``path``, or None when somebody else holds it.

    Raises:
        OSError: the lock file cannot be made or opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return Claim(path.stem, descriptor)


def free_streams(folder: Path) -> Iterator[Claim]:
    """Claim the streams of ``folder`` that nobody writes: ``s1``, ``s2``, ... The caller releases.

    Raises:
        AuditUnavailable: the folder cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(1, MOST_STREAMS + 1):
            held = claim(folder / f"s{number}.lock")
            if held is not None:
                yield held
    except OSError as problem:
        raise AuditUnavailable(f"the audit folder {folder} cannot be used: {problem}") from problem
