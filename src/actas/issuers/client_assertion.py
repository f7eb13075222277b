"""What shows other servers who we are, as a client of theirs (RFC 6749 section 2.3, RFC 7523 section 2.2).

That is the secret that the server gave out, a key of ours, or nothing at all. What is signed with the key
names one server, lives for a minute and is made for one request (RFC 7523 section 3, OpenID Connect Core
section 9): a server that it was sent to cannot be somebody with it elsewhere.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import quote_plus

from actas.core.ports import Chance, Clock, Json
from actas.core.secret import Secret
from actas.core.wire import JWT_BEARER_CLIENT_ASSERTION
from actas.keys.ring import KeyRing
from actas.trust.registry import AsClient, OwnKey

LIFE: Final = 60
"""Seconds for which what shows who we are is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """A server that is shown who we are.

    Attributes:
        issuer: its issuer identifier.
        token_endpoint: where it is shown it.
        by_form: whether it takes a secret in the form alone.
    """

    issuer: str
    token_endpoint: str
    by_form: bool


class Shown(NamedTuple):
    """What is sent: parameters of the form, and headers. They hold credentials, which ``secrets`` are."""

    form: Mapping[str, str]
    headers: Mapping[str, str]
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowsWhoWeAre:
    """Makes what shows another server who we are.

    Attributes:
        ring: signs with keys of ours.
        chance: makes ``jti``.
    """

    ring: KeyRing
    chance: Chance
    clock: Clock

    async def to(self, there: There, ourselves: AsClient) -> Shown:
        """Return what to send beside a request to a token endpoint.

        Raises:
            StoreUnavailable: no key of ours is ready.
        """
        name = {"client_id": ourselves.client_id}
        if ourselves.own_key is not None:
            assertion = (await self._assertion(there, ourselves, ourselves.own_key)).reveal()
            signed = {"client_assertion_type": JWT_BEARER_CLIENT_ASSERTION, "client_assertion": assertion}
            return Shown({**name, **signed}, {}, (assertion,))
        if ourselves.secret is None:
            return Shown(name, {}, ())
        secret = ourselves.secret.reveal()
        if there.by_form:
            return Shown({**name, "client_secret": secret}, {}, (secret,))
        # Each half is form-encoded first (RFC 6749 section 2.3.1).
        pair = f"{quote_plus(ourselves.client_id)}:{quote_plus(secret)}"
        basic = b64encode(pair.encode()).decode("ascii")
        return Shown({}, {"Authorization": f"Basic {basic}"}, (secret, basic))

    async def _assertion(self, there: There, ourselves: AsClient, own_key: OwnKey) -> Secret:
        now = int(self.clock.now())
        claims: dict[str, Json] = {
            "iss": ourselves.client_id,
            "sub": ourselves.client_id,
            "aud": there.issuer if own_key.named == "issuer" else there.token_endpoint,
            "jti": self.chance.token(16),
            "iat": now,
            "exp": now + LIFE,
        }
        return await self.ring.sign(claims, typ="JWT", purpose="client", algorithm=own_key.algorithm)
