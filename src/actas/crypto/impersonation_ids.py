"""Names of impersonations, which every node tells from other names, and nobody else does.

Such a name is the ``txn`` of each token of the impersonation. It looks like any other: 22 characters, as 16
bytes are written in base64url. But nine of them are the beginning of a keyed digest of the twelve before, so
whoever has the key knows one without looking it up, and whoever receives a token learns nothing by it.
"""

from __future__ import annotations

import hmac
from typing import Final

from actas.core.lineage import Marking
from actas.core.ports import Chance

_DRAWN: Final = 12
_CHECKED: Final = 21
_LENGTH: Final = 22


def make(*, chance: Chance, marking: Marking) -> str:
    """Return a new name. None begins like a flag: people type it behind a command."""
    drawn = "-"
    while drawn.startswith("-"):
        drawn = chance.token(16)
    return drawn[:_DRAWN] + _check(drawn, marking) + drawn[_CHECKED:]


def is_one(name: str | None, *, marking: Marking) -> bool:
    """Whether ``name`` is the name of an impersonation: of other names, one in 2^54 is taken for one."""
    if name is None or len(name) != _LENGTH or not name.isascii():
        return False
    return hmac.compare_digest(name[_DRAWN:_CHECKED], _check(name, marking))


def _check(name: str, marking: Marking) -> str:
    return marking.mark("impersonation", name[:_DRAWN])[: _CHECKED - _DRAWN]
