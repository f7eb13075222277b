"""A whole Actas in process: real pipeline, real signatures, a standing clock, minutes in a list.

``House`` is opened over a handful of clients, APIs, issuers and rules that a test can replace: the company of
``tests.fakes.company``. What it keeps is in ``tests.fakes.in_memory``, what a test asks of it in
``tests.fakes.visits``. Tests import all of it from here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from actas.admin.roles import management_api, role_rules, with_roles
from actas.audit.flood import FloodGate
from actas.audit.log import Minutes
from actas.clients.authenticator import ClientAuthenticator
from actas.clients.dpop import ProofChecker
from actas.clients.nonces import Nonces
from actas.clients.private_key_jwt import KeySource
from actas.clients.throttle import Limits, Throttle
from actas.core.abroad import REDEEMED, Acceptance
from actas.core.administrators import Administrators
from actas.core.client import Client
from actas.core.metrics import UNMETERED, Meter
from actas.core.person import Person
from actas.core.ports import SystemChance
from actas.core.sign_in import userinfo_api
from actas.core.target import Api
from actas.core.tracing import UNTRACED, Tracing
from actas.exchange import Exchange
from actas.grants.authorization_code import AuthorizationCodeGrant
from actas.grants.client_credentials import ClientCredentialsGrant
from actas.grants.device_code import DeviceCodeGrant
from actas.grants.jwt_bearer import JwtBearerGrant
from actas.grants.refresh_token import RefreshTokenGrant
from actas.grants.token_exchange import TokenExchangeGrant
from actas.issuers.about import About
from actas.issuers.access_token import AccessTokenIssuer
from actas.issuers.authorization_grant import AuthorizationGrantIssuer
from actas.issuers.id_jag import IdJagIssuer
from actas.issuers.id_token import IdTokenIssuer
from actas.issuers.reference_token import ReferenceTokenIssuer
from actas.issuers.refresh_token import RefreshTokenIssuer
from actas.keys.opaque import OpaqueTexts, OpaqueTokens
from actas.keys.refresh import RefreshTokens
from actas.kinds.administrative_impersonation import ADMINISTRATIVE_IMPERSONATION
from actas.kinds.chained import CHAINED
from actas.kinds.chaining import CHAINING
from actas.kinds.cross_app import CROSS_APP
from actas.kinds.delegation import DELEGATION
from actas.kinds.downscope import DOWNSCOPE
from actas.kinds.fulfilment import Mint
from actas.kinds.impersonation import IMPERSONATION
from actas.kinds.impersonations import Impersonations
from actas.kinds.kind import Kind
from actas.kinds.own import OWN
from actas.kinds.redemption import REDEMPTION
from actas.kinds.sign_in import SIGN_IN
from actas.kinds.translation import TRANSLATION
from actas.policy.connections import Connection
from actas.policy.impersonation import Impersonating
from actas.policy.rule import PolicyDefaults, RuleSpec
from actas.presented import Presented
from actas.signin.served import Serving
from actas.signin.terms import sign_in_rules, with_userinfo
from actas.store.catalog import Catalog
from actas.store.memory import MemoryOpaqueTokens, MemoryRefreshTokens
from actas.store.memory_impersonations import MemoryImpersonations
from actas.store.memory_known import MemoryKnownPeople
from actas.store.memory_session_apps import MemorySessionApps
from actas.store.memory_sign_in import MemoryDeviceCodes
from actas.subjects.access_token import AccessTokenValidator
from actas.subjects.authorization_code import AuthorizationCodes
from actas.subjects.device_code import DeviceCodes
from actas.subjects.foreign_jwt import ForeignJwtValidator
from actas.subjects.id_jag import IdJagValidator
from actas.subjects.id_token import IdTokenValidator
from actas.subjects.jwt import Foreign
from actas.subjects.jwt_grant import JwtGrantValidator
from actas.subjects.known import KnownPeople
from actas.subjects.live import LiveParties
from actas.subjects.named import NamedPeople
from actas.subjects.own_id_token import OwnIdTokens
from actas.subjects.reference_token import ReferenceTokens
from actas.subjects.refresh_token import RefreshTokenValidator, Renewals
from actas.subjects.resident import Residents
from actas.subjects.revoked import mark_of_party
from actas.subjects.spent import Spending
from actas.subjects.validator import Validators
from actas.trust.registry import TrustedIssuer
from tests.fakes.agreeing import agreed
from tests.fakes.clock import FixedClock
from tests.fakes.company import (
    APIS,
    ASSISTANT_FOR_SUPPORT,
    CLIENT_KEY,
    CLIENTS,
    CORP,
    FROM_CORP,
    FROM_OURS,
    GRANTS,
    IDP,
    IDP_KEY,
    INVENTORY,
    ISSUER,
    NO_AGENT_WRITES_STOCK,
    NOW,
    ORDERS,
    ORDERS_TO_INVENTORY,
    PEOPLE,
    PEPPER,
    RULES,
    allow,
    client,
    on_devices,
    secret_of,
    sells,
    signing_in,
)
from tests.fakes.desks import OPAQUE_KEY, Desks
from tests.fakes.encrypting import OneRecipient
from tests.fakes.house_clients import NONCE_KEY, know_clients
from tests.fakes.in_memory import (
    FreshFollower,
    InlineKeys,
    ListedRevocations,
    ListWriter,
    SetMarks,
)
from tests.fakes.published import Published
from tests.fakes.redeeming import TheirServer, redeeming_of
from tests.fakes.ring import FakeRing
from tests.fakes.visits import claims_of

__all__ = [
    "APIS", "ASSISTANT_FOR_SUPPORT", "CLIENTS", "CLIENT_KEY", "CORP", "FROM_CORP", "FROM_OURS",
    "GRANTS", "IDP", "IDP_KEY", "INVENTORY", "ISSUER", "KINDS", "NONCE_KEY", "NOW",
    "NO_AGENT_WRITES_STOCK", "OPAQUE_KEY", "ORDERS", "ORDERS_TO_INVENTORY", "PEOPLE", "PEPPER", "RULES",
    "FreshFollower", "House", "InlineKeys", "ListWriter", "ListedRevocations", "SetMarks", "allow",
    "claims_of", "client", "on_devices", "secret_of", "sells", "signing_in",
]  # fmt: skip

KINDS = (
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


@dataclass
class House(Desks):
    """The pipeline over one configuration, and what a test needs around it."""

    clients: Iterable[Client] = CLIENTS
    apis: Iterable[Api] = APIS
    issuers: Iterable[TrustedIssuer] = (CORP,)
    rules: Iterable[RuleSpec] = RULES
    people: Iterable[Person] = ()
    connections: Iterable[Connection] = ()
    accepted: Iterable[Acceptance] = ()
    defaults: PolicyDefaults = field(default_factory=PolicyDefaults)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    ring: FakeRing = field(default_factory=lambda: FakeRing("ES256", "RS256", "EdDSA"))
    writer: ListWriter = field(default_factory=ListWriter)
    marks: SetMarks = field(default_factory=SetMarks)
    kinds: Sequence[Kind] = KINDS
    follower: FreshFollower = field(default_factory=FreshFollower)
    meter: Meter = UNMETERED
    recipients: OneRecipient = field(default_factory=OneRecipient)
    nonce_required: bool = False
    revoked: ListedRevocations = field(default_factory=ListedRevocations)
    published: KeySource = field(default_factory=InlineKeys)
    authorities: Sequence[bytes] = ()
    limits: Limits = field(default_factory=Limits)
    tracing: Tracing = UNTRACED
    auditors: Collection[str] = ()
    impersonating: Impersonating = field(default_factory=Impersonating)
    administrators: Administrators = field(default_factory=Administrators)
    there: TheirServer = field(default_factory=TheirServer)
    published_clients: Published = field(default_factory=Published)
    now: Catalog | None = None
    throttle: Throttle = field(init=False)
    authenticator: ClientAuthenticator = field(init=False)
    nonces: Nonces = field(init=False)
    proofs: ProofChecker = field(init=False)

    def __post_init__(self) -> None:
        self._keep()
        self._read_tokens()
        know_clients(self)
        self._answer()

    def _keep(self) -> None:
        """The configuration, the minutes, and the tokens that are kept."""
        self.chance = SystemChance()
        admins, clients = self.administrators, tuple(self.clients)
        self.catalog = Catalog(
            clients=with_userinfo(with_roles(clients, admins)),
            apis=[*self.apis, userinfo_api(ISSUER), *([management_api(ISSUER)] if admins else [])],
            issuers=self.issuers,
            rules=[
                *self.rules,
                *role_rules(admins, clients),
                *sign_in_rules(clients),
                *self.published_clients.rules,
            ],
            connections=self.connections,
            accepted=self.accepted,
            defaults=self.defaults,
            impersonating=replace(self.impersonating, administrators=admins),
            digest="test",
            people=self.people,
            documents=self.published_clients.documents,
        )
        self.kept = MemoryOpaqueTokens(clock=self.clock)
        self.waiting = MemoryDeviceCodes(clock=self.clock)
        self.minutes = Minutes(
            writer=self.writer,
            flood=FloodGate(clock=self.clock),
            clock=self.clock,
            chance=self.chance,
            meter=self.meter,
            tracing=self.tracing,
            pseudonym=partial(mark_of_party, self.ring),
        )
        texts = self.texts = OpaqueTexts(key=OPAQUE_KEY, digest=self.ring.digest, chance=self.chance)
        self.opaque = OpaqueTokens(self.kept, texts)
        self.impersonations = MemoryImpersonations(revoked=self.revoked.against, revoke=self.revoked.add)
        self.acting = Impersonations(
            issuer=ISSUER,
            kept=self.impersonations,
            marking=self.ring,
            minutes=self.minutes,
            chance=self.chance,
            clock=self.clock,
        )
        self.families = MemoryRefreshTokens(clock=self.clock, revoked=self.revoked.against)
        self.refresh = RefreshTokens(self.families, texts)
        self.apps = MemorySessionApps(clock=self.clock, revoked=self.revoked.against)
        self.revoked.ends = self.apps.end

    def _read_tokens(self) -> None:
        """What validates the tokens that are presented."""
        live = LiveParties(issuer=ISSUER, clients=self.catalog, trust=self.catalog, people=self.catalog)
        self.renewals = Renewals(
            issuer=ISSUER,
            tokens=self.refresh,
            live=live,
            revocations=self.revoked,
            marking=self.ring,
            clock=self.clock,
        )
        self.codes = AuthorizationCodes(
            issuer=ISSUER,
            tokens=self.opaque,
            marks=self.marks,
            live=live,
            revocations=self.revoked,
            marking=self.ring,
            clock=self.clock,
        )
        self.devices = DeviceCodes(
            issuer=ISSUER,
            store=self.waiting,
            texts=self.texts,
            marking=self.ring,
            chance=self.chance,
            clock=self.clock,
        )
        self.known_store = MemoryKnownPeople()
        self.known = KnownPeople(
            store=self.known_store,
            texts=self.texts,
            live=live,
            revocations=self.revoked,
            marking=self.ring,
            chance=self.chance,
            clock=self.clock,
        )
        self.named = NamedPeople(
            issuer=ISSUER,
            people=self.catalog,
            known=self.known,
            issuers=self.catalog,
            kept=self.impersonations,
            live=live,
            marking=self.ring,
            clock=self.clock,
        )
        foreign = Foreign(
            ourselves=ISSUER,
            trust=self.catalog,
            keys=InlineKeys(),
            mapper=self.catalog.mapping,
            digest=self.ring.digest,
            marking=self.ring,
            revocations=self.revoked,
            clock=self.clock,
        )
        self.own_tokens = AccessTokenValidator(
            issuer=ISSUER,
            keys=self.ring,
            references=ReferenceTokens(issuer=ISSUER, tokens=self.opaque, clock=self.clock),
            live=live,
            revocations=self.revoked,
            clock=self.clock,
        )
        own_id_tokens = OwnIdTokens(
            issuer=ISSUER, keys=self.ring, live=live, revocations=self.revoked, clock=self.clock
        )
        ways = self.catalog.connections
        residents = Residents(
            ourselves=ISSUER, people=self.catalog, known=self.known, ways=ways, marking=self.ring
        )
        self.validators = Validators(
            [
                self.own_tokens,
                IdTokenValidator(foreign, own_id_tokens),
                ForeignJwtValidator(foreign),
                RefreshTokenValidator(self.renewals),
                IdJagValidator(foreign, residents, self.ring),
                JwtGrantValidator(foreign, residents, ways),
            ]
        )

    def _answer(self) -> None:
        """What issues, and the pipeline over all of it."""
        refreshing = RefreshTokenIssuer(
            issuer=ISSUER, tokens=self.refresh, marking=self.ring, chance=self.chance
        )
        self.about = About(issuer=ISSUER, key=OPAQUE_KEY, chance=self.chance)
        mint = Mint(
            AccessTokenIssuer(issuer=ISSUER, keys=self.ring, chance=self.chance),
            ReferenceTokenIssuer(issuer=ISSUER, tokens=self.opaque, marking=self.ring),
            refreshing,
            *[
                grants(
                    issuer=ISSUER,
                    people=self.catalog,
                    keys=self.ring,
                    pairwise_key=OPAQUE_KEY,
                    chance=self.chance,
                    recipients=self.recipients,
                )
                for grants in (IdJagIssuer, AuthorizationGrantIssuer)
            ],
            follows=refreshing,
            tells=IdTokenIssuer(issuer=ISSUER, clients=self.catalog, keys=self.ring, chance=self.chance),
            serves=Serving(issuer=ISSUER, clients=self.catalog, store=self.apps, marking=self.ring),
            begins=self.acting,
            spends=Spending(self.marks),
            agrees=agreed(self),
            welcomes=self.known,
            adds=self.about,
        )
        self.exchange = Exchange(
            issuer=ISSUER,
            grants=[
                TokenExchangeGrant(
                    readable=self.validators.token_types - REDEEMED.keys(), issuable=mint.token_types
                ),
                ClientCredentialsGrant(),
                RefreshTokenGrant(),
                AuthorizationCodeGrant(),
                DeviceCodeGrant(),
                JwtBearerGrant(),
            ],
            clients=self.authenticator,
            proofs=self.proofs,
            presented=Presented(
                tokens=self.validators,
                renewals=self.renewals,
                codes=self.codes,
                devices=self.devices,
                named=self.named,
                throttle=self.throttle,
                tracing=self.tracing,
            ),
            standing=self.catalog,
            in_force=lambda: self.now or self.catalog,
            kinds=self.kinds,
            fulfilment=mint,
            audit=self.minutes,
            marking=self.ring,
            throttle=self.throttle,
            redeeming=redeeming_of(self),
            fresh=self.follower.require_fresh,
            tracing=self.tracing,
        )
