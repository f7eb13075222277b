"""What a server's own files change about what the store of record keeps."""

from __future__ import annotations

from actas.admin.objects import Change, Snapshot
from actas.admin.reconcile import reconcile
from actas.settings.faults import ConfigurationFaults, Fault
from actas.settings.load import Draft


def changes_of(
    kept: Snapshot, files: Draft, *, pepper: bytes | None, adopt: bool, at: int
) -> tuple[Change, ...]:
    """Return what a server's own files change about what is kept.

    What they no longer define is put out of force: whoever took a client out of the file meant it.

    Args:
        pepper: the key under which secrets that ``--dev`` allows in a file are digested.
        adopt: whether they take over objects that the console keeps.
        at: seconds since the epoch.

    Raises:
        ConfigurationFaults: they claim what is not theirs.
    """
    found = reconcile(kept, files.offered(pepper=pepper), origin="server", adopt=adopt, prune=True, at=at)
    if found.conflicts:
        raise ConfigurationFaults(
            Fault(
                place=one.offered.place,
                path=one.offered.kind,
                message=f'"{one.offered.name}" {one.sentence}',
            )
            for one in found.conflicts
        )
    return found.changes
