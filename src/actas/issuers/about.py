"""What UserInfo may say of somebody whom an issuer vouches for: carried by the access token that opens it.

Of people of ours the directory knows it. Of others nothing is kept here but what their sign-in said, and that
travels with what came of it, sealed: an API to which the token is shown as well reads nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actas.core.permit import Permit
from actas.core.ports import Chance, Json
from actas.core.sign_in import CLAIMS, userinfo_audience
from actas.crypto import base64url
from actas.crypto.paired import open_beside, seal_beside
from actas.crypto.seal import SealBroken

CLAIM: Final = "told"

_decoder: Final = msgspec.json.Decoder(dict[str, Any])


class About:
    """Seals it into permits, and opens it in the claims of tokens.

    Args:
        issuer: our own issuer identifier.
        key: ours, 32 bytes.
        chance: makes places.
    """

    def __init__(self, *, issuer: str, key: bytes, chance: Chance) -> None:
        self._audience = userinfo_audience(issuer)
        self._key = key
        self._chance = chance

    def added(self, permit: Permit) -> Permit:
        """Return a permit whose token carries what its scopes open at UserInfo."""
        authorization = permit.authorization
        if authorization is None or self._audience not in permit.audience:
            return permit
        if permit.origin == permit.subject:  # the directory knows better
            return permit
        opened = {name for scope in permit.scope for name in CLAIMS.get(scope, ())}
        facts = {name: value for name, value in authorization.sign_in.claims.items() if name in opened}
        if not facts:
            return permit
        place = self._chance.token(16)
        sealed = seal_beside(_place(place, permit.subject.subject), msgspec.json.encode(facts), key=self._key)
        told = f"{place}.{base64url.encode(sealed).decode('ascii')}"
        return msgspec.structs.replace(permit, claims={**permit.claims, CLAIM: told})

    def read(self, subject: str, claims: Mapping[str, Json]) -> dict[str, Any]:
        """Return what the claims of a token carry about its subject; nothing, when that was not made here."""
        told = claims.get(CLAIM)
        place, _, sealed = (told if isinstance(told, str) else "").partition(".")
        try:
            opened = open_beside(
                _place(place, subject), base64url.decode(sealed.encode("ascii")), key=self._key
            )
            return _decoder.decode(opened)
        except (SealBroken, ValueError, msgspec.DecodeError):
            return {}


def _place(place: str, subject: str) -> str:
    return msgspec.json.encode(("about", place, subject)).decode()
