"""Redeeming grants for clients over a foundation."""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from actas.app.foundation import Foundation
from actas.app.own_tokens import live
from actas.core.errors import BadToken, InvalidRequest, InvalidTarget
from actas.core.permit import Permit
from actas.core.ports import SystemChance
from actas.issuers.client_assertion import ShowsWhoWeAre
from actas.kinds.redeeming import RedeemsForClients

if TYPE_CHECKING:
    from actas.app.parts import Shared

_DECIDES: Final = attrgetter(
    "client", "to", "hosts", "people", "scopes", "sold", "claims", "optional", "details", "when"
)
"""What of a connection says who may get what, and where. The rest is how: our key or secret, for how long."""


def redeeming(base: Foundation, shared: Shared) -> RedeemsForClients:
    """Return what redeems grants for clients under a configuration."""
    return RedeemsForClients(
        servers=shared.out.redeemers,
        connections=base.catalog.connections,
        post=shared.out.fetch,
        showing=ShowsWhoWeAre(ring=base.ring, chance=SystemChance(), clock=base.clock),
        holds=partial(require_still, base, shared),
        digest=base.ring.digest,
        audit=shared.minutes,
        settled=shared.minutes.settled,
        meter=shared.meter,
    )


def require_still(base: Foundation, shared: Shared, permit: Permit) -> None:
    """Return when what was permitted a moment ago would be by whoever is live, and by what is paused, now.

    Another server took its time meanwhile. The configuration in force may be a newer one by now.

    Raises:
        InvalidRequest: something that the token comes from was revoked, or somebody in it is locked out.
        InvalidTarget: the connection is paused, or there is none any more, or it decides or leads otherwise.
    """
    now = shared.out.in_force or base
    if permit.abroad is not None:
        _require_same(permit, permit.abroad.to.connection, base, now)
    revoked = base.revoked.against(permit.lineage)
    if revoked is not None:
        detail = f"what it comes from was revoked while the other server was asked: entry {revoked.entry}"
        raise InvalidRequest("revoked", detail=detail)
    parties = live(now)
    try:
        parties.require_registered(permit.client_id)
        parties.require_person(permit.subject.subject)
        parties.name_of(permit.origin.issuer)
        parties.require_actors(permit.actors)
    except BadToken as gone:
        raise InvalidRequest("revoked", detail=f"while the other server was asked: {gone.detail}") from gone


def _require_same(permit: Permit, name: str, base: Foundation, now: Foundation) -> None:
    """Return when a connection still says of whom it is for, where it leads and on which terms what it did.

    Raises:
        InvalidTarget: it does not. What was permitted might not be any more: whoever asks again learns that.
    """
    before, after = (one.catalog.connections.connection(name) for one in (base, now))
    same = before is not None and after is not None and _DECIDES(before) == _DECIDES(after)
    if after is None or after.paused or after.client != permit.client_id or not same:
        detail = f"the connection {name} was paused, taken away or changed while the other server was asked"
        raise InvalidTarget("connection_paused", detail=detail)
