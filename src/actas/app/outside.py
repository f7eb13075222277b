"""What reaches out of a serving process: the guarded way out, and the keys of others that it brings."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from actas.app.foundation import Foundation
from actas.clients.budget import Budget
from actas.clients.documents import ClientDocuments, PublishedClients
from actas.clients.registered import SelfDescribed
from actas.core.metrics import UNMETERED, Meter
from actas.core.tracing import UNTRACED, Tracing
from actas.net.fetch import GuardedFetch
from actas.net.telemetry import tracing
from actas.signin.registering import PER_HOUR, PER_SOURCE
from actas.trust.counterpart import Counterparts
from actas.trust.jwks import IssuerKeys
from actas.trust.provider import Providers
from actas.trust.recipients import Recipients
from actas.trust.redeemers import Redeemers

_log = structlog.get_logger("actas")


@dataclass(slots=True)
class Outside:
    """What reaches out: fetching, and the keys it brings. Outlives a change of configuration.

    Attributes:
        keys: of issuers.
        client_keys: of clients that publish them; kept apart, for an issuer may have a client's name.
        providers: where people sign in at issuers.
        counterparts: what other domains' servers say of themselves.
        redeemers: at which of them grants are redeemed for clients, and where.
        recipients: their keys to which grants are encrypted.
        in_force: the configuration in force; None before the first one is.
        tracing: follows requests.
        documents: of clients that publish what they are; None until they are asked for, as ``registrations``:
            how often clients may register themselves.
    """

    fetch: GuardedFetch
    keys: IssuerKeys
    client_keys: IssuerKeys
    providers: Providers
    counterparts: Counterparts
    redeemers: Redeemers
    recipients: Recipients
    tracing: Tracing = UNTRACED
    documents: ClientDocuments | None = None
    registrations: Budget | None = None
    in_force: Foundation | None = None

    def troubles(self) -> tuple[str, ...]:
        """What is wrong with asking issuers and clients, in sentences that say who does not answer."""
        sides = (("issuer", self.keys), ("client", self.client_keys))
        about_keys = tuple(
            f"{whose} {view.trouble}" for whose, keys in sides for view in keys.snapshot() if view.trouble
        )
        return (*about_keys, *self.providers.troubles(), *self.redeemers.troubles())

    def keep_only(self, base: Foundation) -> None:
        """Drop the keys of whoever is not trusted under a configuration, which is in force from now on."""
        self.in_force, definitions = base, base.definitions
        redeeming = {(one.to.issuer, one.name) for one in definitions.connections if one.to.redeems}
        self.redeemers.keep_only(redeeming)
        issuers = [one for one in definitions.issuers.values() if not one.disabled]
        self.keys.keep_only({one.name for one in issuers})
        self.providers.keep_only({one.name for one in issuers if one.sign_in is not None})
        self.client_keys.keep_only({one.name for one in definitions.clients.values() if not one.disabled})

    def published(self, base: Foundation, meter: Meter) -> PublishedClients | None:
        """Return what finds clients that say themselves what they are, under a configuration, if any may."""
        if self.documents is None:
            self.documents = ClientDocuments(self.fetch, base.clock, meter=meter)
        shelf, terms = base.catalog.published, base.catalog.registering
        if shelf is None and terms is None:
            return None
        return SelfDescribed(
            documents=None if shelf is None else self.documents.under(shelf),
            registered=None if terms is None else base.registered,
            clients=base.catalog,
            unused_for=0 if terms is None else terms.unused_for,
        )

    def budget_of_registrations(self, base: Foundation, meter: Meter) -> Budget:
        """Return how often clients may register themselves, whatever configuration is in force."""
        if self.registrations is None:
            self.registrations = Budget(
                "registrations",
                each=PER_SOURCE,
                altogether=PER_HOUR,
                seconds=3600,
                clock=base.clock,
                meter=meter,
            )
        return self.registrations

    async def close(self) -> None:
        """End what is under way."""
        if self.documents is not None:
            await self.documents.aclose()
        await self.keys.aclose()
        await self.client_keys.aclose()
        await self.providers.aclose()
        await self.recipients.aclose()
        await self.counterparts.aclose()
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
    providers, counterparts = Providers(fetch, base.clock), Counterparts(fetch, base.clock)
    redeemers = Redeemers(counterparts, base.clock)
    recipients = Recipients(fetch, counterparts, base.clock)
    return Outside(fetch, keys, client_keys, providers, counterparts, redeemers, recipients, following)
