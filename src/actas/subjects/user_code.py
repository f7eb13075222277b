"""The code that a device shows and a person types (RFC 8628 sections 5.1 and 6.1).

Eight of twenty consonants: no digit or vowel, so that none is taken for another, no word comes about, and it
does not matter how it is written. That is more than 34 bits, for ten minutes, against who may be wrong ten
times (``signin.devices``).
"""

from __future__ import annotations

from typing import Final

from actas.core.ports import Chance
from actas.crypto import base64url

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH: Final = 8

_FAIR: Final = 256 - 256 % len(ALPHABET)
"""Bytes below this are as often one letter as another."""


def new_user_code(chance: Chance) -> str:
    """Return a new code, as it is compared."""
    letters = ""
    while len(letters) < LENGTH:
        drawn = base64url.decode(chance.token(4 * LENGTH).encode("ascii"))
        letters += "".join(ALPHABET[byte % len(ALPHABET)] for byte in drawn if byte < _FAIR)
    return letters[:LENGTH]


def read_user_code(typed: str) -> str | None:
    """Return a code as it is compared, however it was typed; None when it cannot be one."""
    letters = "".join(one for one in typed[: 8 * LENGTH].upper() if one in ALPHABET)
    return letters if len(letters) == LENGTH else None


def shown_user_code(code: str) -> str:
    """Return a code as people are shown it, in two groups."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"
