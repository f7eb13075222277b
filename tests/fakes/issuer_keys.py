"""One issuer with one key, the cache of keys in front of it, and what the cache reported."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actas.core.errors import BadToken
from actas.core.ports import FetchFailed
from actas.core.wire import ID_TOKEN
from actas.crypto.key import PublicKey
from actas.trust.breaker import OPENS_AFTER
from actas.trust.jwks import IssuerKeys
from actas.trust.registry import TrustedIssuer
from tests.fakes.clock import FixedClock
from tests.fakes.fetch import ScriptedFetch
from tests.fakes.forge import SigningKey

ISSUER = "https://idp.acme.example"
DOCUMENT = f"{ISSUER}/.well-known/openid-configuration"
JWKS = f"{ISSUER}/keys"
OLD, NEW = SigningKey.generate("ES256", kid="old"), SigningKey.generate("ES256", kid="new")
ACME = TrustedIssuer(
    name="acme",
    issuer=ISSUER,
    kind="oidc",
    accepts=frozenset({ID_TOKEN}),
    algorithms=frozenset({"ES256", "EdDSA"}),
    audiences={"orders": None},
)


def key_set(*keys: SigningKey) -> dict[str, Any]:
    return {"keys": [key.jwk() for key in keys]}


class World:
    """One issuer with one key, the cache in front of it, and what the cache reported."""

    def __init__(self) -> None:
        self.fetch = ScriptedFetch({DOCUMENT: {"issuer": ISSUER, "jwks_uri": JWKS}, JWKS: key_set(OLD)})
        self.clock = FixedClock()
        self.reports: list[str] = []
        self.keys = IssuerKeys(self.fetch, self.clock, report=self.reports.append)

    async def key(
        self, kid: str | None = "old", *, algorithm: str = "ES256", issuer: TrustedIssuer = ACME
    ) -> PublicKey:
        return await self.keys.key(issuer, kid=kid, algorithm=algorithm)

    async def refused(
        self, kid: str | None = "old", *, algorithm: str = "ES256", issuer: TrustedIssuer = ACME
    ) -> str:
        with pytest.raises(BadToken) as refused:
            await self.key(kid, algorithm=algorithm, issuer=issuer)
        return refused.value.why

    async def fails(self, why: str = "gone") -> None:
        """Let the issuer, whose key is known, fail until its breaker is open."""
        self.fetch.documents[JWKS] = FetchFailed(why)
        for _ in range(OPENS_AFTER):
            self.clock.advance(700)
            await self.key()
            await self.settled()

    async def settled(self) -> None:
        """Let background work end."""
        while self.keys._tasks:
            await asyncio.sleep(0)

    @property
    def fetches(self) -> int:
        return self.fetch.asked.count(JWKS)
