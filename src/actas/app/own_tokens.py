"""Tokens of ours over a foundation: what makes each kind, and what proves it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actas.app.foundation import Foundation
from actas.audit.log import Minutes
from actas.core.ports import MarkStore, SystemChance
from actas.crypto.keyed import keyed_digest
from actas.issuers.about import About
from actas.issuers.access_token import AccessTokenIssuer
from actas.issuers.authorization_grant import AuthorizationGrantIssuer
from actas.issuers.id_jag import IdJagIssuer
from actas.issuers.id_token import IdTokenIssuer
from actas.issuers.reference_token import ReferenceTokenIssuer
from actas.issuers.refresh_token import RefreshTokenIssuer
from actas.keys.opaque import OpaqueTexts, OpaqueTokens
from actas.keys.refresh import RefreshTokens
from actas.kinds.fulfilment import Mint
from actas.kinds.impersonations import Impersonations
from actas.signin.agreed import Agreed
from actas.signin.consents import Consents
from actas.signin.served import Serving
from actas.signin.sessions import Sessions
from actas.store.consents import SqlConsents
from actas.store.known_people import SqlKnownPeople
from actas.subjects.access_token import AccessTokenValidator
from actas.subjects.authorization_code import AuthorizationCodes
from actas.subjects.device_code import DeviceCodes
from actas.subjects.known import KnownPeople
from actas.subjects.live import LiveParties
from actas.subjects.named import NamedPeople
from actas.subjects.own_id_token import OwnIdTokens
from actas.subjects.reference_token import ReferenceTokens
from actas.subjects.refresh_token import Renewals
from actas.subjects.resident import Residents
from actas.subjects.spent import Spending
from actas.trust.recipients import Recipients

_CURSORS: Final = b"actas: cursors of pages"


def mint(base: Foundation, minutes: Minutes, marks: MarkStore, *, recipients: Recipients) -> Mint:
    """Return what makes tokens under a configuration.

    Args:
        minutes: has it first when somebody begins to act as somebody else.
        marks: remembers which grants were redeemed.
        recipients: finds what grants are encrypted to.
    """
    refresh = RefreshTokenIssuer(
        issuer=base.issuer, tokens=_refresh_tokens(base), marking=base.ring, chance=SystemChance()
    )
    return Mint(
        AccessTokenIssuer(issuer=base.issuer, keys=base.ring, chance=SystemChance()),
        ReferenceTokenIssuer(issuer=base.issuer, tokens=_opaque_tokens(base), marking=base.ring),
        refresh,
        *grants_abroad(base, recipients),
        follows=refresh,
        tells=IdTokenIssuer(issuer=base.issuer, clients=base.catalog, keys=base.ring, chance=SystemChance()),
        serves=Serving(issuer=base.issuer, clients=base.catalog, store=base.session_apps, marking=base.ring),
        begins=impersonations(base, minutes),
        spends=Spending(marks),
        agrees=Agreed(consents(base)),
        welcomes=known_people(base),
        adds=about(base),
    )


def grants_abroad(base: Foundation, recipients: Recipients) -> Iterator[IdJagIssuer]:
    """Yield what makes grants for other domains' servers, of either kind."""
    for kind in (IdJagIssuer, AuthorizationGrantIssuer):
        yield kind(
            issuer=base.issuer,
            people=base.catalog,
            keys=base.ring,
            pairwise_key=base.ring.opaque_key,
            chance=SystemChance(),
            recipients=recipients,
        )


def about(base: Foundation) -> About:
    """Return what carries what UserInfo may say of people whom an issuer vouches for."""
    return About(issuer=base.issuer, key=base.ring.opaque_key, chance=SystemChance())


def own_tokens(base: Foundation) -> AccessTokenValidator:
    """Return what proves access tokens of ours."""
    return AccessTokenValidator(
        issuer=base.issuer,
        keys=base.ring,
        references=ReferenceTokens(issuer=base.issuer, tokens=_opaque_tokens(base), clock=base.clock),
        live=live(base),
        revocations=base.revoked,
        clock=base.clock,
    )


def impersonations(base: Foundation, minutes: Minutes) -> Impersonations:
    """Return what begins impersonations, has them decided, and ends them."""
    return Impersonations(
        issuer=base.issuer,
        kept=base.impersonations,
        marking=base.ring,
        minutes=minutes,
        chance=SystemChance(),
        clock=base.clock,
    )


def cursors_key(base: Foundation) -> bytes:
    """Return the key that authenticates the cursors of pages, the same on every node."""
    return keyed_digest(_CURSORS, key=base.ring.secret_pepper)


def named_people(base: Foundation) -> NamedPeople:
    """Return what looks up people who are only named, and who acts as whom already."""
    return NamedPeople(
        issuer=base.issuer,
        people=base.catalog,
        known=known_people(base),
        issuers=base.catalog,
        kept=base.impersonations,
        live=live(base),
        marking=base.ring,
        clock=base.clock,
    )


def known_store(base: Foundation) -> SqlKnownPeople:
    """Return where it is kept who signed in through another issuer."""
    return SqlKnownPeople(base.database, clock=base.clock)


def known_people(base: Foundation) -> KnownPeople:
    """Return who signed in through another issuer, as they were seen last."""
    return KnownPeople(
        store=known_store(base),
        texts=_texts(base),
        live=live(base),
        revocations=base.revoked,
        marking=base.ring,
        chance=SystemChance(),
        clock=base.clock,
    )


def residents(base: Foundation) -> Residents:
    """Return what knows who people of other domains are here."""
    return Residents(
        ourselves=base.issuer,
        people=base.catalog,
        known=known_people(base),
        ways=base.catalog.connections,
        marking=base.ring,
    )


def own_id_tokens(base: Foundation) -> OwnIdTokens:
    """Return what proves ID tokens of ours."""
    return OwnIdTokens(
        issuer=base.issuer,
        keys=base.ring,
        live=live(base),
        revocations=base.revoked,
        clock=base.clock,
    )


def renewals(base: Foundation) -> Renewals:
    """Return what proves refresh tokens of ours, and ends their families."""
    return Renewals(
        issuer=base.issuer,
        tokens=_refresh_tokens(base),
        live=live(base),
        revocations=base.revoked,
        marking=base.ring,
        clock=base.clock,
    )


def codes(base: Foundation, marks: MarkStore) -> AuthorizationCodes:
    """Return what keeps authorization codes of ours, and redeems them.

    Args:
        marks: remembers which were used.
    """
    return AuthorizationCodes(
        issuer=base.issuer,
        tokens=_opaque_tokens(base),
        marks=marks,
        live=live(base),
        revocations=base.revoked,
        marking=base.ring,
        clock=base.clock,
    )


def device_codes(base: Foundation) -> DeviceCodes:
    """Return what keeps the requests of devices, has them decided, and tells the devices."""
    return DeviceCodes(
        issuer=base.issuer,
        store=base.device_store,
        texts=_texts(base),
        marking=base.ring,
        chance=SystemChance(),
        clock=base.clock,
    )


def sessions(base: Foundation) -> Sessions:
    """Return who is signed in."""
    return Sessions(
        issuer=base.issuer,
        store=base.session_store,
        texts=_texts(base),
        live=live(base),
        revocations=base.revoked,
        marking=base.ring,
        clock=base.clock,
        lives=base.definitions.lives,
    )


def consents(base: Foundation) -> Consents:
    """Return what remembers what people let apps do."""
    return Consents(
        issuer=base.issuer,
        store=SqlConsents(base.database),
        revocations=base.revoked,
        marking=base.ring,
        clock=base.clock,
    )


def live(base: Foundation) -> LiveParties:
    """Return what knows who is still registered, enabled and trusted."""
    return LiveParties(issuer=base.issuer, clients=base.catalog, trust=base.catalog, people=base.catalog)


def _texts(base: Foundation) -> OpaqueTexts:
    return OpaqueTexts(key=base.ring.opaque_key, digest=base.ring.digest, chance=SystemChance())


def _opaque_tokens(base: Foundation) -> OpaqueTokens:
    return OpaqueTokens(base.opaque, _texts(base))


def _refresh_tokens(base: Foundation) -> RefreshTokens:
    return RefreshTokens(base.refresh_store, _texts(base))
