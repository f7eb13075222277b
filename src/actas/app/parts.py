"""The stages of the pipeline over a foundation: what is plugged in where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from actas.admin.rehearsal import Rehearsal
from actas.app.foundation import Foundation
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
from actas.core.metrics import UNMETERED, Meter
from actas.core.ports import SystemChance
from actas.crypto.certificate import Authorities
from actas.exchange import Exchange
from actas.grants.client_credentials import ClientCredentialsGrant
from actas.grants.token_exchange import TokenExchangeGrant
from actas.introspection import Introspection
from actas.issuers.access_token import AccessTokenIssuer
from actas.kinds.delegation import DELEGATION
from actas.kinds.downscope import DOWNSCOPE
from actas.kinds.fulfilment import Mint
from actas.kinds.impersonation import IMPERSONATION
from actas.kinds.own import OWN
from actas.kinds.translation import TRANSLATION
from actas.net.fetch import GuardedFetch
from actas.revocation import Feed, Revocation
from actas.store.follower import Follower
from actas.store.marks import Keeper
from actas.subjects.access_token import AccessTokenValidator
from actas.subjects.foreign_jwt import ForeignJwtValidator
from actas.subjects.id_token import IdTokenValidator
from actas.subjects.jwt import Foreign
from actas.subjects.validator import Validators
from actas.trust.jwks import IssuerKeys

KINDS: Final = (DELEGATION, IMPERSONATION, TRANSLATION, DOWNSCOPE, OWN)
"""The kinds of exchange. The one that names the actor comes first, and wins (TX-52)."""

_log = structlog.get_logger("actas")


@dataclass(slots=True)
class Outside:
    """What reaches out: fetching, and the keys it brings. Outlives a change of configuration.

    Attributes:
        keys: of issuers.
        client_keys: of clients that publish them; kept apart, for an issuer may have a client's name.
    """

    fetch: GuardedFetch
    keys: IssuerKeys
    client_keys: IssuerKeys

    async def close(self) -> None:
        """End what is under way."""
        await self.keys.aclose()
        await self.client_keys.aclose()
        self.fetch.close()


def outside(base: Foundation, meter: Meter = UNMETERED) -> Outside:
    """Return the guarded way out."""
    server = base.definitions.server
    fetch = GuardedFetch(dev=base.dev, allowed_hosts=server.private_hosts, authorities=server.authorities)
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
    return Outside(fetch, keys, client_keys)


def own_tokens(base: Foundation) -> AccessTokenValidator:
    """Return what proves access tokens of ours."""
    return AccessTokenValidator(
        issuer=base.issuer,
        keys=base.ring,
        clients=base.catalog,
        trust=base.catalog,
        revocations=base.revoked,
        clock=base.clock,
    )


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
            IdTokenValidator(foreign),
            ForeignJwtValidator(foreign),
        ]
    )


def rehearsal(base: Foundation, out: Outside) -> Rehearsal:
    """Return what explains exchanges under a configuration."""
    return Rehearsal(
        issuer=base.issuer,
        clients=base.catalog,
        apis=base.catalog,
        subjects=validators(base, out),
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
    meter: Meter


def authenticator(base: Foundation, shared: Shared) -> ClientAuthenticator:
    """Return step 2 over a configuration, for every endpoint at which clients authenticate."""
    secret = SecretMethod(pepper=base.ring.secret_pepper, clock=base.clock)
    check = AssertionCheck(issuer=base.issuer, marks=shared.marks, clock=base.clock, meter=shared.meter)
    return ClientAuthenticator(
        clients=base.catalog,
        methods={
            "client_secret_basic": secret,
            "client_secret_post": secret,
            "client_secret_jwt": ClientSecretJwtMethod(check, clock=base.clock),
            "private_key_jwt": PrivateKeyJwtMethod(check, published=shared.out.client_keys),
            "tls_client_auth": NamedCertificateMethod(
                Authorities(base.definitions.server.tls.client_authorities), clock=base.clock
            ),
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
    )


def nonces(base: Foundation) -> Nonces:
    """Return what makes the nonces of DPoP proofs and knows them again, on every node that has our keys."""
    asked = base.definitions.server.dpop
    return Nonces(
        key=base.ring.nonce_key, life=asked.nonce_life, required=asked.nonce_required, clock=base.clock
    )


def proofs(base: Foundation, shared: Shared) -> ProofChecker:
    """Return what checks the DPoP proofs of token requests."""
    return ProofChecker(
        url=f"{base.issuer.rstrip('/')}/token",
        max_age=base.definitions.server.dpop.max_age,
        nonces=nonces(base),
        marks=shared.marks,
        clock=base.clock,
        meter=shared.meter,
    )


def exchange(base: Foundation, shared: Shared) -> Exchange:
    """Return the pipeline over a configuration."""
    subjects = validators(base, shared.out)
    mint = Mint(AccessTokenIssuer(issuer=base.issuer, keys=base.ring, chance=SystemChance()))
    return Exchange(
        issuer=base.issuer,
        grants=[
            TokenExchangeGrant(readable=subjects.token_types, issuable=mint.token_types),
            ClientCredentialsGrant(),
        ],
        clients=authenticator(base, shared),
        proofs=proofs(base, shared),
        subjects=subjects,
        apis=base.catalog,
        kinds=KINDS,
        policy=base.catalog.policy,
        fulfilment=mint,
        audit=shared.minutes,
        marking=base.ring,
        throttle=shared.throttle,
        fresh=shared.follower.require_fresh,
    )


def introspection(base: Foundation, shared: Shared) -> Introspection:
    """Return what says whether a token is good, over a configuration."""
    return Introspection(
        clients=authenticator(base, shared),
        tokens=own_tokens(base),
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
        revoked=base.revoked,
        marking=base.ring,
        audit=shared.minutes,
        fresh=shared.follower.require_fresh,
    )


def feed(base: Foundation, shared: Shared) -> Feed:
    """Return what says what was revoked, over a configuration."""
    return Feed(
        clients=authenticator(base, shared),
        revoked=base.revoked,
        audit=shared.minutes,
        fresh=shared.follower.require_fresh,
    )
