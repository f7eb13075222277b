"""The data folder: ours alone."""

from __future__ import annotations

import stat
from pathlib import Path

from actas.store.trouble import DatabaseUnavailable


def make_private(folder: Path) -> None:
    """Make a folder, for us alone, when it is missing.

    Raises:
        DatabaseUnavailable: it cannot be made, or everybody may write to it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as problem:
        raise DatabaseUnavailable(f"the data folder {folder} cannot be opened: {problem}") from problem
    if mode & stat.S_IWOTH:
        raise DatabaseUnavailable(
            f"everybody may write to the data folder {folder} (mode {stat.S_IMODE(mode):04o});"
            f" make it private: chmod 700 {folder}"
        )
