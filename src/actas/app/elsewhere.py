"""Signing in through issuers over a foundation."""

from __future__ import annotations

from actas.app.foundation import Foundation
from actas.app.parts import Shared, once
from actas.core.ports import SystemChance
from actas.signin.beginning import Begun
from actas.signin.elsewhere import Elsewhere
from actas.signin.flow import Flow
from actas.signin.providers import LIFE, Away
from actas.signin.sessions import Sessions
from actas.signin.vouched import Vouching


def elsewhere(base: Foundation, shared: Shared, *, signed_in: Sessions, begun: Flow[Begun]) -> Elsewhere:
    """Return what sends people to issuers, and begins their sessions when they come back.

    Args:
        signed_in: who is signed in.
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
        sessions=signed_in,
        marks=once(base, shared),
        throttle=shared.throttle,
        begun=begun,
        away=Flow("away", Away, key=base.ring.opaque_key, chance=chance, clock=base.clock, life=LIFE),
        audit=shared.minutes,
        chance=chance,
        clock=base.clock,
        fresh=shared.require_issuing,
    )
