"""Who runs a command, for the audit log."""

from __future__ import annotations

import getpass
import os


def operator() -> str:
    """Return who runs this, as the system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user has a number and no name
        return str(os.getuid())
