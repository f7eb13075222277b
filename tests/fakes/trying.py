"""What tries connections, over a ``House``: its own parts, and other domains of which a test says what they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from actas.admin.health import Health
from actas.admin.imagined import AnyAlgorithm, ThrowawayKey
from actas.admin.imagining import Asked, Imagining
from actas.admin.trying import Leg, Trial
from actas.core.abroad import Acceptance
from actas.issuers.authorization_grant import AuthorizationGrantIssuer
from actas.issuers.id_jag import IdJagIssuer
from actas.policy.connections import Connection
from actas.subjects.id_jag import IdJagValidator
from actas.subjects.id_token import IdTokenValidator
from actas.subjects.jwt import Foreign
from actas.subjects.jwt_grant import JwtGrantValidator
from actas.subjects.live import LiveParties
from actas.subjects.own_id_token import OwnIdTokens
from actas.subjects.resident import Residents
from actas.subjects.validator import Validators
from tests.fakes.company import ISSUER
from tests.fakes.house import OPAQUE_KEY, House


def imagined(it: House, key: ThrowawayKey) -> Validators:
    """The validators of a dry run at a house."""
    shared: dict[str, Any] = {"revocations": it.revoked, "clock": it.clock}
    live = LiveParties(issuer=ISSUER, clients=it.catalog, trust=it.catalog, people=it.catalog)
    foreign = Foreign(
        ourselves=ISSUER,
        trust=AnyAlgorithm(it.catalog),
        keys=key,
        mapper=it.catalog.mapping,
        digest=key.digest,
        marking=it.ring,
        **shared,
    )
    residents = Residents(
        ourselves=ISSUER,
        people=it.catalog,
        known=it.known,
        ways=it.catalog.connections,
        marking=it.ring,
    )
    own = OwnIdTokens(issuer=ISSUER, keys=key, live=live, **shared)
    grants = (
        IdJagValidator(foreign, residents, key),
        JwtGrantValidator(foreign, residents, it.catalog.connections),
    )
    return Validators([IdTokenValidator(foreign, own), *grants])


def trial_of(it: House, others: Any) -> Trial:
    """What tries the connections of a house.

    Args:
        others: describes other domains' servers, and looks at the keys of issuers.
    """
    issuers = {one.name: one for one in it.issuers}
    return Trial(
        issuer=ISSUER,
        connections=it.catalog.connections,
        rehearsal=it.rehearsal(),
        imagine=lambda key: imagined(it, key),
        imagining=Imagining(
            issuer=ISSUER,
            issuers=issuers,
            users=[one.name for one in it.people],
            people=it.catalog,
            known=it.known,
            asked=it.catalog.policy.carried.groups,
            apis=it.catalog,
            marking=it.ring,
            chance=it.chance,
            clock=it.clock,
        ),
        grants={one.token_type: one for one in _grants(it)},
        health=Health(
            connections=it.catalog.connections,
            issuers=issuers,
            counterparts=others,
            recipients=it.recipients,
            keys=others,
            own=it.ring.keys,
            published=it.ring.published,
            algorithm="ES256",
            missing=lambda _: (),
        ),
    )


def _grants(it: House) -> Iterator[IdJagIssuer]:
    for kind in (IdJagIssuer, AuthorizationGrantIssuer):
        yield kind(
            issuer=ISSUER,
            people=it.catalog,
            keys=it.ring,
            pairwise_key=OPAQUE_KEY,
            chance=it.chance,
            recipients=it.recipients,
        )


async def legs(
    it: House, others: Any, connection: Connection | Acceptance, who: str, **asked: Any
) -> tuple[Leg, Leg]:
    """Both sides of a connection that is tried."""
    return (await trial_of(it, others).of(connection, Asked(who=who, **asked))).legs
