"""Reading ``cnf``: the key that a token is bound to (RFC 7800 section 3.1).

A token that names its key in a way that we cannot check is not believed at all: taken without the check it
would serve whoever stole it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from actas.core.confirmation import Confirmation
from actas.core.errors import BadToken
from actas.core.ports import Json
from actas.crypto.jose import BadKey, PublicKey

_DIGEST: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def confirmation_of(claims: Mapping[str, Json]) -> Confirmation | None:
    """Return the key that a token is bound to, or None when it has no ``cnf``.

    Raises:
        BadToken: ``cnf`` is not an object with exactly one of ``jkt`` (RFC 9449 section 6.1), ``x5t#S256``
            (RFC 8705 section 3.1) and ``jwk`` (RFC 7800 section 3.2).
    """
    if "cnf" not in claims:
        return None
    cnf = claims["cnf"]
    if not isinstance(cnf, dict) or len(cnf) != 1:
        raise BadToken("cnf does not name exactly one key")
    if "jkt" in cnf:
        return Confirmation(jkt=_digest(cnf["jkt"]))
    if "x5t#S256" in cnf:
        return Confirmation(x5t=_digest(cnf["x5t#S256"]))
    jwk = cnf.get("jwk")
    if not isinstance(jwk, dict):
        raise BadToken("cnf names a key in a way that cannot be checked here")
    try:
        return Confirmation(jkt=PublicKey.from_jwk(jwk, algorithms=None).thumbprint)
    except BadKey as refused:
        raise BadToken(f"the key in cnf is refused: {refused}") from None


def _digest(value: Json) -> str:
    if not isinstance(value, str) or _DIGEST.fullmatch(value) is None:
        raise BadToken("the key in cnf is not a SHA-256 digest in base64url")
    return value
