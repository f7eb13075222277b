"""Files that are their owner's alone: tokens, logins."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_private(path: Path, data: bytes, *, over: bool = True) -> None:
    """Write a file that is whole or not there, and never readable by others, not even for a moment.

    Args:
        path: where.
        data: what it holds.
        over: whether it takes the place of one that is there.

    Raises:
        FileExistsError: there is one, and it stays.
        OSError: it cannot be written.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        if over:
            fresh.replace(path)
        else:
            path.hardlink_to(fresh)
    finally:
        fresh.unlink(missing_ok=True)
