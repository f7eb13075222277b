"""Reading files that people name: bounded, regular files only, and never waiting."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class Unreadable(Exception):
    """A file cannot be used. The message is the end of a sentence: ``cannot be read: …``."""


def read_file(path: Path, *, most: int, private: bool = False) -> tuple[bytes, bool]:
    """Read a file.

    Args:
        path: where it is; links are followed, as mounted secrets are links.
        most: the most bytes.
        private: whether others than its owner reading it matters.

    Returns:
        Its bytes, and for a private file whether others than its owner may use it. That is asked of the
        open file, so that it cannot be changed in between.

    Raises:
        Unreadable: it is missing, not a regular file, too large, or not ours to read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Unreadable("there is no such file") from None
    except (OSError, ValueError) as exc:
        raise Unreadable(f"cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise Unreadable("is not a regular file")
    try:
        with os.fdopen(handle, "rb") as stream:
            data = stream.read(most + 1)
    except OSError as exc:
        raise Unreadable(f"cannot be read: {exc.strerror}") from exc
    if len(data) > most:
        raise Unreadable(f"is larger than {most} bytes")
    return data, private and bool(status.st_mode & 0o077)
