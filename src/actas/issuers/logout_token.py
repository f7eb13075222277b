"""Logout tokens: an app is told that a session ended (OpenID Connect Back-Channel Logout 1.0 section 2.4).

It is signed as the app's ID tokens are, which its audience verifies it like; its ``typ`` keeps it apart from
one, and nothing here takes it for a token that somebody holds (SEC-22).
"""

from __future__ import annotations

from typing import Final

from actas.core.ports import Chance, Clock, JsonObject
from actas.core.secret import Secret
from actas.core.wire import SigningAlgorithm
from actas.keys.ring import KeyRing

LIFE: Final = 120
"""Seconds, as section 4 recommends at most."""

TYP: Final = "logout+jwt"

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


class LogoutTokenIssuer:
    """Mints logout tokens.

    Args:
        issuer: our own issuer identifier.
        keys: signs.
        chance: makes ``jti``.
    """

    def __init__(self, *, issuer: str, keys: KeyRing, chance: Chance, clock: Clock) -> None:
        self._issuer = issuer
        self._keys = keys
        self._chance = chance
        self._clock = clock

    async def issue(self, client: str, *, subject: str, sid: str, algorithm: SigningAlgorithm) -> Secret:
        """Return a token that tells a client that this session of this person is over.

        Args:
            subject: who it was, as the client knows them.
            algorithm: what the client's ID tokens are signed with.

        Raises:
            StoreUnavailable: no key is ready.
        """
        now = int(self._clock.now())
        claims: JsonObject = {
            "iss": self._issuer,
            "aud": client,
            "iat": now,
            "exp": now + LIFE,
            "jti": self._chance.token(16),
            "sub": subject,
            "sid": sid,
            "events": {EVENT: {}},
        }
        return await self._keys.sign(claims, typ=TYP, purpose="id_token", algorithm=algorithm)
