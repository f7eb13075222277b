"""Folders: the data folder, which is ours alone, and what a folder must hold after a power failure."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from actas.store.trouble import DatabaseUnavailable


def make_private(folder: Path) -> None:
    """Make a folder, for us alone, when it is missing, and so each folder above it that is missing too.

    Raises:
        DatabaseUnavailable: it cannot be made, or everybody may write to it.
    """
    try:
        for one in (*reversed(folder.parents), folder):  # `parents=True` would leave those to the umask
            if not one.exists():
                one.mkdir(mode=0o700, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as problem:
        raise DatabaseUnavailable(f"the data folder {folder} cannot be opened: {problem}") from problem
    if mode & stat.S_IWOTH:
        raise DatabaseUnavailable(
            f"everybody may write to the data folder {folder} (mode {stat.S_IMODE(mode):04o});"
            f" make it private: chmod 700 {folder}"
        )


def sync(folder: Path) -> None:
    """Return once the names in a folder are durable.

    Raises:
        OSError: it is not known whether they are.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
