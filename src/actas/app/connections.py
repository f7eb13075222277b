"""Connections to other domains over a foundation: what looks them over, and what tries them."""

from __future__ import annotations

from collections.abc import Sequence

from actas.admin.health import Health
from actas.admin.imagined import AnyAlgorithm, ThrowawayKey
from actas.admin.imagining import Imagining
from actas.admin.trying import Trial
from actas.app.foundation import Foundation
from actas.app.outside import Outside
from actas.app.own_tokens import grants_abroad, known_people, live, residents
from actas.app.parts import rehearsal
from actas.core.ports import SystemChance
from actas.policy.connections import Connection
from actas.settings.people_named import OurPeople
from actas.subjects.id_jag import IdJagValidator
from actas.subjects.id_token import IdTokenValidator
from actas.subjects.jwt import Foreign
from actas.subjects.jwt_grant import JwtGrantValidator
from actas.subjects.own_id_token import OwnIdTokens
from actas.subjects.validator import Validators


def health(base: Foundation, out: Outside) -> Health:
    """Return what looks connections over, under a configuration."""
    definitions = base.definitions
    ours = OurPeople({one.name: one.groups for one in definitions.users.values()}, definitions.clients)

    def missing(connection: Connection) -> Sequence[str]:
        people = connection.people
        found = ours.missing(people.issuers, groups=sorted(people.groups), names=sorted(people.names))
        return [one.says for one in found]

    return Health(
        connections=base.catalog.connections,
        issuers=definitions.issuers,
        counterparts=out.counterparts,
        recipients=out.recipients,
        keys=out.keys,
        own=base.ring.keys,
        published=base.ring.published,
        algorithm=definitions.keys.algorithm,
        missing=missing,
    )


def trial(base: Foundation, out: Outside) -> Trial:
    """Return what tries connections, under a configuration."""
    return Trial(
        issuer=base.issuer,
        connections=base.catalog.connections,
        rehearsal=rehearsal(base, out),
        imagine=lambda key: _imagined(base, key),
        imagining=Imagining(
            issuer=base.issuer,
            issuers=base.definitions.issuers,
            users=base.definitions.users,
            people=base.catalog,
            known=known_people(base),
            asked=base.catalog.policy.carried.groups,
            apis=base.catalog,
            marking=base.ring,
            chance=SystemChance(),
            clock=base.clock,
        ),
        grants={one.token_type: one for one in grants_abroad(base, out.recipients)},
        health=health(base, out),
    )


def _imagined(base: Foundation, key: ThrowawayKey) -> Validators:
    """Return the validators of a dry run: those of step 3, to which every key is the one of the dry run."""
    foreign = Foreign(
        ourselves=base.issuer,
        trust=AnyAlgorithm(base.catalog),
        keys=key,
        mapper=base.catalog.mapping,
        digest=key.digest,
        marking=base.ring,
        revocations=base.revoked,
        clock=base.clock,
    )
    own = OwnIdTokens(
        issuer=base.issuer, keys=key, live=live(base), revocations=base.revoked, clock=base.clock
    )
    here = residents(base)
    grants = (IdJagValidator(foreign, here, key), JwtGrantValidator(foreign, here, base.catalog.connections))
    return Validators([IdTokenValidator(foreign, own), *grants])
