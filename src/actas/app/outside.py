"""What reaches out of a serving process: the guarded way out, and the keys of others that it brings."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from actas.app.foundation import Foundation
from actas.core.metrics import UNMETERED, Meter
from actas.core.tracing import UNTRACED, Tracing
from actas.net.fetch import GuardedFetch
from actas.net.telemetry import tracing
from actas.trust.jwks import IssuerKeys
from actas.trust.provider import Providers

_log = structlog.get_logger("actas")


@dataclass(slots=True)
class Outside:
    """What reaches out: fetching, and the keys it brings. Outlives a change of configuration.

    Attributes:
        keys: of issuers.
        client_keys: of clients that publish them; kept apart, for an issuer may have a client's name.
        providers: where people sign in at issuers.
        tracing: follows requests.
    """

    fetch: GuardedFetch
    keys: IssuerKeys
    client_keys: IssuerKeys
    providers: Providers
    tracing: Tracing = UNTRACED

    def troubles(self) -> tuple[str, ...]:
        """What is wrong with asking issuers and clients, in sentences that say who does not answer."""
        sides = (("issuer", self.keys), ("client", self.client_keys))
        about_keys = tuple(
            f"{whose} {view.trouble}" for whose, keys in sides for view in keys.snapshot() if view.trouble
        )
        return (*about_keys, *self.providers.troubles())

    def keep_only(self, base: Foundation) -> None:
        """Drop the keys of whoever is not trusted under a configuration."""
        definitions = base.definitions
        issuers = [one for one in definitions.issuers.values() if not one.disabled]
        self.keys.keep_only({one.name for one in issuers})
        self.providers.keep_only({one.name for one in issuers if one.sign_in is not None})
        self.client_keys.keep_only({one.name for one in definitions.clients.values() if not one.disabled})

    async def close(self) -> None:
        """End what is under way."""
        await self.keys.aclose()
        await self.client_keys.aclose()
        await self.providers.aclose()
        self.fetch.close()


def outside(base: Foundation, meter: Meter = UNMETERED) -> Outside:
    """Return the guarded way out."""
    server = base.definitions.server
    following = tracing()
    fetch = GuardedFetch(
        dev=base.dev,
        allowed_hosts=server.private_hosts,
        authorities=server.authorities,
        tracing=following,
    )
    keys = IssuerKeys(
        fetch,
        base.clock,
        report=lambda sentence: _log.warning("issuer keys", detail=sentence),
        meter=meter,
    )
    client_keys = IssuerKeys(
        fetch,
        base.clock,
        report=lambda sentence: _log.warning("client keys", detail=sentence),
        whose="client",
    )
    return Outside(fetch, keys, client_keys, Providers(fetch, base.clock), following)
