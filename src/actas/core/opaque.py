"""What an opaque token looks like: a prefix that scanners for leaked secrets know, chance, and a checksum.

The text means nothing without this server. The checksum is no secret and proves nothing: it lets a scanner
tell a token from a text that begins like one, and spares the database a question about what is none.
"""

from __future__ import annotations

import re
import zlib
from base64 import urlsafe_b64encode
from typing import Final, Literal

from actas.core.ports import Chance

Prefix = Literal["actas_ref_", "actas_rft_", "actas_cod_", "actas_dev_", "actas_ses_", "actas_flo_"]
"""How tokens of one kind begin: ``actas_ref_`` an access token, ``actas_rft_`` a refresh token,
``actas_cod_`` an authorization code, ``actas_dev_`` the code of a device, ``actas_ses_`` the session of a
person in a browser, ``actas_flo_`` what a browser carries while somebody signs in."""

REFERENCE: Final[Prefix] = "actas_ref_"
REFRESH: Final[Prefix] = "actas_rft_"
CODE: Final[Prefix] = "actas_cod_"
DEVICE: Final[Prefix] = "actas_dev_"
SESSION: Final[Prefix] = "actas_ses_"
FLOW: Final[Prefix] = "actas_flo_"

RANDOM_BYTES: Final = 32
"""256 bits: nobody guesses one (RFC 6749 section 10.10)."""

_FORM: Final = re.compile(r"(actas_[a-z]{3}_)([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})", re.ASCII)


def new_text(prefix: Prefix, chance: Chance) -> str:
    """Return the text of a new token, 59 characters."""
    body = prefix + chance.token(RANDOM_BYTES)
    return body + _checksum(body)


def begins_like(text: str, prefix: Prefix) -> bool:
    """Return whether a text claims to be a token of this kind. No JWT begins so: its header is JSON."""
    return text.startswith(prefix)


def is_whole(text: str, prefix: Prefix) -> bool:
    """Return whether a text is a token of this kind, neither cut off nor misspelt. Anybody can make one."""
    found = _FORM.fullmatch(text)
    return found is not None and found[1] == prefix and found[3] == _checksum(found[1] + found[2])


def _checksum(body: str) -> str:
    return urlsafe_b64encode(zlib.crc32(body.encode("ascii")).to_bytes(4, "big")).rstrip(b"=").decode("ascii")
