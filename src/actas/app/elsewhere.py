"""Signing in through issuers over a foundation."""

from __future__ import annotations

from actas.app.foundation import Foundation
from actas.app.own_tokens import known_people
from actas.app.parts import Shared, once
from actas.core.ports import SystemChance
from actas.signin.beginning import Begun, Opening
from actas.signin.elsewhere import Elsewhere
from actas.signin.flow import Flow
from actas.signin.providers import LIFE, Away
from actas.signin.vouched import Vouching


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
