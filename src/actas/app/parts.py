"""The stages of the pipeline over a foundation: what is plugged in where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from actas.admin.rehearsal import Rehearsal
from actas.app.foundation import Foundation
from actas.app.outside import Outside
from actas.app.own_tokens import (
    codes,
    device_codes,
    mint,
    named_people,
    own_id_tokens,
    own_tokens,
    renewals,
    residents,
)
from actas.app.redeeming import redeeming
from actas.app.reserve import Reserve
from actas.audit.log import Minutes
from actas.clients.assertion import AssertedClient, AssertionCheck
from actas.clients.authenticator import ClientAuthenticator
from actas.clients.client_secret_jwt import ClientSecretJwtMethod
from actas.clients.dpop import ProofChecker
from actas.clients.mutual_tls import NamedCertificateMethod, RegisteredCertificateMethod
from actas.clients.nonces import Nonces
from actas.clients.private_key_jwt import PrivateKeyJwtMethod
from actas.clients.public import PublicMethod
from actas.clients.secret import SecretMethod
from actas.clients.throttle import Throttle
from actas.clients.workload import WorkloadMethod
from actas.core.abroad import REDEEMED
from actas.core.metrics import Meter
from actas.core.ports import MarkStore
from actas.crypto.certificate import Authorities
from actas.crypto.password_hash import PasswordHashes
from actas.exchange import Exchange
from actas.grants.authorization_code import AuthorizationCodeGrant
from actas.grants.client_credentials import ClientCredentialsGrant
from actas.grants.device_code import DeviceCodeGrant
from actas.grants.jwt_bearer import JwtBearerGrant
from actas.grants.refresh_token import RefreshTokenGrant
from actas.grants.token_exchange import TokenExchangeGrant
from actas.kinds.administrative_impersonation import ADMINISTRATIVE_IMPERSONATION
from actas.kinds.chained import CHAINED
from actas.kinds.chaining import CHAINING
from actas.kinds.cross_app import CROSS_APP
from actas.kinds.delegation import DELEGATION
from actas.kinds.downscope import DOWNSCOPE
from actas.kinds.impersonation import IMPERSONATION
from actas.kinds.own import OWN
from actas.kinds.redemption import REDEMPTION
from actas.kinds.sign_in import SIGN_IN
from actas.kinds.translation import TRANSLATION
from actas.presented import Presented
from actas.store.epochs import MarksOfEpoch
from actas.store.follower import Follower
from actas.store.marks import Keeper
from actas.store.timekeeper import Timekeeper
from actas.subjects.foreign_jwt import ForeignJwtValidator
from actas.subjects.id_jag import IdJagValidator
from actas.subjects.id_token import IdTokenValidator
from actas.subjects.jwt import Foreign
from actas.subjects.jwt_grant import JwtGrantValidator
from actas.subjects.refresh_token import RefreshTokenValidator
from actas.subjects.validator import Validators
from actas.web.traced import TracedMarks

KINDS: Final = (
    *(
        DELEGATION,
        IMPERSONATION,
        ADMINISTRATIVE_IMPERSONATION,
        TRANSLATION,
        DOWNSCOPE,
        OWN,
        SIGN_IN,
        CROSS_APP,
        REDEMPTION,
        CHAINING,
        CHAINED,
    ),
)
"""The kinds of exchange. The one that names the actor comes first, and wins (TX-52)."""


def validators(base: Foundation, out: Outside) -> Validators:
    """Return step 3 over a configuration."""
    foreign = Foreign(
        ourselves=base.issuer,
        trust=base.catalog,
        keys=out.keys,
        mapper=base.catalog.mapping,
        digest=base.ring.digest,
        marking=base.ring,
        revocations=base.revoked,
        clock=base.clock,
    )
    return Validators(
        [
            own_tokens(base),
            IdTokenValidator(foreign, own_id_tokens(base)),
            ForeignJwtValidator(foreign),
            RefreshTokenValidator(renewals(base)),
            IdJagValidator(foreign, residents(base), base.ring),
            JwtGrantValidator(foreign, residents(base), base.catalog.connections),
        ]
    )


def rehearsal(base: Foundation, out: Outside) -> Rehearsal:
    """Return what explains exchanges under a configuration."""
    return Rehearsal(
        issuer=base.issuer,
        clients=base.catalog,
        apis=base.catalog,
        connections=base.catalog.connections,
        subjects=validators(base, out),
        named=named_people(base).look_up,
        people=base.catalog,
        kinds=KINDS,
        policy=base.catalog.policy,
        clock=base.clock,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What a serving process keeps for as long as it runs, whatever configuration is in force."""

    out: Outside
    throttle: Throttle
    minutes: Minutes
    marks: Keeper
    follower: Follower
    timekeeper: Timekeeper
    reserve: Reserve
    meter: Meter
    hashes: PasswordHashes

    def require_issuing(self) -> None:
        """Return when a token may be issued at all.

        Raises:
            StoreUnavailable: what this process knows may be out of date.
            TemporarilyUnavailable: the reserve of a sink is used up.
        """
        self.follower.require_fresh()
        self.reserve.require()


def once(base: Foundation, shared: Shared) -> MarkStore:
    """Return what remembers what may happen once, and what may have happened before a restore.

    Each claim is a step of a trace while somebody traces.
    """
    marks = MarksOfEpoch(shared.marks, base.revoked)
    tracing = shared.out.tracing
    return TracedMarks(marks, tracing=tracing) if tracing.on else marks


def authenticator(base: Foundation, shared: Shared) -> ClientAuthenticator:
    """Return step 2 over a configuration, for every endpoint at which clients authenticate."""
    secret = SecretMethod(pepper=base.ring.secret_pepper, clock=base.clock)
    check = AssertionCheck(issuer=base.issuer, marks=once(base, shared), clock=base.clock, meter=shared.meter)
    authorities = Authorities(base.definitions.server.tls.client_authorities)
    return ClientAuthenticator(
        clients=base.catalog,
        methods={
            "client_secret_basic": secret,
            "client_secret_post": secret,
            "client_secret_jwt": ClientSecretJwtMethod(check, clock=base.clock),
            "private_key_jwt": PrivateKeyJwtMethod(check, published=shared.out.client_keys),
            "tls_client_auth": NamedCertificateMethod(authorities, clock=base.clock),
            "self_signed_tls_client_auth": RegisteredCertificateMethod(clock=base.clock),
            "workload": WorkloadMethod(
                ourselves=base.issuer,
                trust=base.catalog,
                keys=shared.out.keys,
                conditions=base.catalog.mapping,
                clock=base.clock,
            ),
            "none": PublicMethod(),
        },
        claimed=AssertedClient(base.catalog),
        throttle=shared.throttle,
        meter=shared.meter,
        published=shared.out.published(base, shared.meter),
    )


def nonces(base: Foundation) -> Nonces:
    """Return what makes the nonces of DPoP proofs and knows them again, on every node that has our keys."""
    asked = base.definitions.server.dpop
    return Nonces(
        key=base.ring.nonce_key, life=asked.nonce_life, required=asked.nonce_required, clock=base.clock
    )


def proofs(base: Foundation, shared: Shared, *, path: str = "/token") -> ProofChecker:
    """Return what checks the DPoP proofs of requests to a path, and of the use of tokens anywhere here."""
    return ProofChecker(
        url=f"{base.issuer.rstrip('/')}{path}",
        max_age=base.definitions.server.dpop.max_age,
        nonces=nonces(base),
        marks=once(base, shared),
        clock=base.clock,
        meter=shared.meter,
    )


def exchange(base: Foundation, shared: Shared) -> Exchange:
    """Return the pipeline over a configuration."""
    subjects = validators(base, shared.out)
    made = mint(base, shared.minutes, once(base, shared), recipients=shared.out.recipients)
    return Exchange(
        issuer=base.issuer,
        grants=[
            TokenExchangeGrant(readable=subjects.token_types - REDEEMED.keys(), issuable=made.token_types),
            ClientCredentialsGrant(),
            RefreshTokenGrant(),
            AuthorizationCodeGrant(),
            DeviceCodeGrant(),
            JwtBearerGrant(),
        ],
        clients=authenticator(base, shared),
        proofs=proofs(base, shared),
        presented=Presented(
            tokens=subjects,
            renewals=renewals(base),
            codes=codes(base, once(base, shared)),
            devices=device_codes(base),
            named=named_people(base),
            throttle=shared.throttle,
            tracing=shared.out.tracing,
        ),
        standing=base.catalog,
        in_force=lambda: (shared.out.in_force or base).catalog,
        kinds=KINDS,
        fulfilment=made,
        audit=shared.minutes,
        marking=base.ring,
        throttle=shared.throttle,
        redeeming=redeeming(base, shared),
        fresh=shared.require_issuing,
        tracing=shared.out.tracing,
    )
