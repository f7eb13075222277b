"""Keys that came out of a backup: none signs or verifies again, others take their places (REL-28).

Since the backup was made a key may have been retired because it leaked, and what was restored does not know.
So every token key that it brings is gone, and with it every token that it signed, also for verifiers that
follow no feed; of an audit key the public half stays, because the log that it sealed is verified with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from actas.crypto.seal import Sealer
from actas.keys.kept import StoredKey, bury_key, make_key, take_key, take_public


def begin_anew(
    restored: Sequence[StoredKey], *, others: Sequence[StoredKey] = (), sealer: Sealer, at: int
) -> tuple[StoredKey, ...]:
    """Return the keys to keep: those that were restored, gone, and a new one for each that signed.

    Args:
        others: keys of the database that is replaced; of those that sealed its log the public half is kept.
        at: seconds since the epoch.

    Raises:
        KeysUnusable: one that was restored does not open, or is not the key that its row describes.
    """
    known = {one.kid for one in restored}
    buried = [_buried(one, sealer=sealer, at=at) for one in restored]
    more = [
        _buried(one, sealer=sealer, at=at)
        for one in others
        if one.purpose == "audit" and one.kid not in known
    ]
    made = [make_key(*one.slot, sealer=sealer, at=at) for one in restored if one.state == "active"]
    return (*buried, *more, *made)


def _buried(key: StoredKey, *, sealer: Sealer, at: int) -> StoredKey:
    # Proved first, all of them: what a row says in the clear is not believed, and a backup whose keys do not
    # open is no backup.
    if key.state == "gone":
        take_public(key, sealer=sealer)
        return key
    take_key(key, sealer=sealer)
    return bury_key(key, sealer=sealer, at=at)
