"""Where the audit log is: in files of this node, or in the database that nodes share."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from actas.core.secret import Secret
from actas.settings.definitions import Definitions
from actas.store.audit_folder import FolderLog
from actas.store.database import is_shared
from actas.store.trouble import DatabaseMisconfigured

AUDIT_FOLDER: Final = "audit"
SHARED_CHECKPOINTS: Final = "shared-checkpoints.jsonl"
"""The copy of a shared log's checkpoints that the node keeps which seals it."""


def audit_folder(definitions: Definitions) -> Path:
    """Return where the files of the audit log are, and what a shared one is searched by on this node."""
    return definitions.server.data / AUDIT_FOLDER


def checkpoint_copies(definitions: Definitions, *, shared: bool) -> tuple[Path, ...]:
    """Return the files that get every checkpoint too.

    Who can change a database can change the checkpoints in it; those in files of a node he cannot.

    Args:
        shared: whether the log is in a database.
    """
    copies = definitions.audit.checkpoints_to
    return (audit_folder(definitions) / SHARED_CHECKPOINTS, *copies) if shared else copies


def shared_log(definitions: Definitions) -> Secret | None:
    """Return the URL of the database that keeps the audit log; None when files of this node do.

    Raises:
        DatabaseMisconfigured: the log is to be in a database that nodes cannot share; or nothing says where
            it is to be, and this node has it in files until now. A log is not continued elsewhere in silence.
    """
    url, store = definitions.server.database, definitions.audit.store
    shared = url is not None and is_shared(url)
    if store == "files" or (store is None and not shared):
        return None
    if not shared:
        raise DatabaseMisconfigured("audit.store is database, but server.database names no PostgreSQL")
    folder = audit_folder(definitions)
    if store is None and FolderLog(folder).streams():
        raise DatabaseMisconfigured(
            f"there is an audit log in {folder}, and audit.store does not say whether this node goes on with"
            " it. `files` does. `database` begins one in PostgreSQL that all nodes share; what is in the"
            f" folder stays, and actas audit verify {folder} reads it"
        )
    return url
