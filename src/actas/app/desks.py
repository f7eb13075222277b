"""The endpoints beside the token endpoint over a foundation: what is plugged in where."""

from __future__ import annotations

from actas.app.foundation import Foundation
from actas.app.own_tokens import (
    cursors_key,
    impersonations,
    named_people,
    own_tokens,
    renewals,
)
from actas.app.parts import Shared, authenticator, proofs, validators
from actas.introspection import Introspection
from actas.kinds.impersonation_pages import Paging
from actas.revocation import Feed, Revocation
from actas.shown import Presence
from actas.supervision import Supervision


def introspection(base: Foundation, shared: Shared) -> Introspection:
    """Return what says whether a token is good, over a configuration."""
    return Introspection(
        clients=authenticator(base, shared),
        tokens=own_tokens(base),
        renewals=renewals(base),
        named=named_people(base),
        auditors=base.definitions.admins.clients,
        apis=base.catalog,
        audit=shared.minutes,
        fresh=shared.follower.require_fresh,
    )


def revocation(base: Foundation, shared: Shared) -> Revocation:
    """Return what ends tokens at their clients' wish, over a configuration."""
    return Revocation(
        issuer=base.issuer,
        clients=authenticator(base, shared),
        tokens=own_tokens(base),
        renewals=renewals(base),
        revoked=base.revoked,
        marking=base.ring,
        audit=shared.minutes,
        fresh=shared.follower.require_fresh,
    )


def supervision(base: Foundation, shared: Shared) -> Supervision:
    """Return what shows impersonations, has them approved and ends them, over a configuration."""
    return Supervision(
        issuer=base.issuer,
        clients=authenticator(base, shared),
        presence=Presence(
            tokens=validators(base, shared.out),
            proofs=proofs(base, shared),
            throttle=shared.throttle,
            url=f"{base.issuer.rstrip('/')}/impersonations",
        ),
        kept=base.impersonations,
        impersonations=impersonations(base, shared.minutes),
        paging=Paging(cursors_key(base)),
        policy=base.catalog.policy,
        clock=base.clock,
        audit=shared.minutes,
        fresh=shared.follower.require_fresh,
    )


def feed(base: Foundation, shared: Shared) -> Feed:
    """Return what says what was revoked, over a configuration."""
    return Feed(
        clients=authenticator(base, shared),
        revoked=base.revoked,
        age=shared.follower.age,
        audit=shared.minutes,
        fresh=shared.follower.require_fresh,
    )
