"""Signing in through issuers over a foundation."""

from __future__ import annotations

from actas.app.foundation import Foundation
from actas.app.own_tokens import known_people
from actas.app.parts import Shared, once
from actas.core.ports import SystemChance
from actas.keys.life import CACHE_TIME
from actas.signin.beginning import Begun, Opening
from actas.signin.elsewhere import Elsewhere
from actas.signin.flow import Flow
from actas.signin.providers import KEYS_OF_OURS, LIFE, Away
from actas.signin.redeeming import Redeeming
from actas.signin.vouched import Vouching
from actas.web.asgi import Application
from actas.web.documents import Document


def elsewhere(base: Foundation, shared: Shared, *, opening: Opening, begun: Flow[Begun]) -> Elsewhere:
    """Return what sends people to issuers, and begins their sessions when they come back.

    Args:
        opening: begins sessions.
        begun: seals what a browser carries.
    """
    chance = SystemChance()
    return Elsewhere(
        issuer=base.issuer,
        directory=base.catalog,
        providers=shared.out.providers,
        vouching=Vouching(
            ourselves=base.issuer,
            post=shared.out.fetch,
            redeeming=Redeeming(post=shared.out.fetch, ring=base.ring, chance=chance, clock=base.clock),
            keys=shared.out.keys,
            mapping=base.catalog.mapping,
            digest=base.ring.digest,
            marking=base.ring,
            revocations=base.revoked,
            clock=base.clock,
        ),
        opening=opening,
        known=known_people(base),
        marks=once(base, shared),
        throttle=shared.throttle,
        begun=begun,
        away=Flow("away", Away, key=base.ring.opaque_key, chance=chance, clock=base.clock, life=LIFE),
        audit=shared.minutes,
        chance=chance,
        clock=base.clock,
        fresh=shared.require_issuing,
    )


def keys_for_issuers(base: Foundation, shared: Shared) -> dict[str, Application]:
    """Return where issuers find the keys by which they know us; nothing, where none knows us so."""
    if not any(purpose == "client" for purpose, _ in base.definitions.keys.used):
        return {}
    keys = Document(base.ring.client_keys, max_age=CACHE_TIME, lasting=lambda: shared.follower.fresh)
    return {KEYS_OF_OURS: keys}
