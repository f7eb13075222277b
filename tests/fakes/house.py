"""A whole Actas in process: real pipeline, real signatures, a standing clock, minutes in a list.

``House`` is opened over a handful of clients, APIs, issuers and rules that a test can replace. The
company of the documentation lives in it: alice and dana at ``corp-idp``, the agent ``assistant``, the
services ``orders`` and ``inventory``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from actas.admin.rehearsal import Rehearsal
from actas.audit.flood import FloodGate
from actas.audit.log import Minutes
from actas.audit.stream import Receipt
from actas.clients.assertion import AssertedClient, AssertionCheck
from actas.clients.authenticator import ClientAuthenticator
from actas.clients.client_secret_jwt import ClientSecretJwtMethod
from actas.clients.dpop import ProofChecker
from actas.clients.mutual_tls import NamedCertificateMethod, RegisteredCertificateMethod
from actas.clients.nonces import Nonces
from actas.clients.private_key_jwt import KeySource, PrivateKeyJwtMethod
from actas.clients.public import PublicMethod
from actas.clients.secret import SecretMethod
from actas.clients.throttle import Limits, Throttle
from actas.clients.workload import WorkloadMethod
from actas.core.client import Client, ClientAuth
from actas.core.errors import AuditUnavailable, OAuthError, StoreUnavailable
from actas.core.lineage import Lineage, Revoked
from actas.core.metrics import UNMETERED, Meter
from actas.core.party import Caller
from actas.core.ports import SystemChance
from actas.core.secret import Secret
from actas.core.target import Api
from actas.core.wire import ACCESS_TOKEN, CLIENT_CREDENTIALS, ID_TOKEN, JWT, TOKEN_EXCHANGE
from actas.crypto import jose
from actas.crypto.certificate import Authorities
from actas.crypto.passwords import digest_secret
from actas.exchange import Answer, Exchange
from actas.grants.client_credentials import ClientCredentialsGrant
from actas.grants.token_exchange import TokenExchangeGrant
from actas.introspection import Introspection
from actas.issuers.access_token import AccessTokenIssuer
from actas.kinds.delegation import DELEGATION
from actas.kinds.downscope import DOWNSCOPE
from actas.kinds.fulfilment import Mint
from actas.kinds.impersonation import IMPERSONATION
from actas.kinds.kind import Kind
from actas.kinds.own import OWN
from actas.kinds.translation import TRANSLATION
from actas.policy.rule import ChainSelector, ClientSelector, PartySelector, PolicyDefaults, RuleSpec, ScopeMap
from actas.revocation import Feed, Revocation
from actas.store.catalog import Catalog
from actas.subjects.access_token import AccessTokenValidator
from actas.subjects.foreign_jwt import ForeignJwtValidator
from actas.subjects.id_token import IdTokenValidator
from actas.subjects.jwt import Foreign
from actas.subjects.validator import Validators
from actas.trust.registry import TrustedIssuer
from tests.fakes.clock import FixedClock
from tests.fakes.ring import FakeRing

ISSUER = "https://sts.acme.example"
IDP = "https://idp.acme.example"
ORDERS = "https://orders.acme.example"
INVENTORY = "https://inventory.acme.example"
NOW = 1_795_000_000
NONCE_KEY = b"a nonce key of thirty-two bytes.."
PEPPER = b"a pepper of thirty-two bytes....."
KINDS = (DELEGATION, IMPERSONATION, TRANSLATION, DOWNSCOPE, OWN)
GRANTS = frozenset({TOKEN_EXCHANGE, CLIENT_CREDENTIALS})

IDP_KEY = jose.PrivateKey.generate("ES256")
CLIENT_KEY = jose.PrivateKey.generate("ES256")


def secret_of(name: str) -> str:
    return f"{name}-secret-canary-{'0' * 32}"


def client(name: str, **changes: Any) -> Client:
    """A client with a secret that may use both grants."""
    auth = ClientAuth(method="client_secret", secret_digests=(digest_secret(secret_of(name), pepper=PEPPER),))
    base = Client(
        name=name, kind="service", auth=auth, grants=GRANTS, apis=frozenset({"orders", "inventory"})
    )
    return replace(base, **changes)


CLIENTS = (
    client("assistant", kind="agent", owner="dana@acme.example"),
    client("orders", api="orders"),
    client("inventory", api="inventory"),
    client("web", kind="app"),
    client("helpdesk", kind="app"),
    client("robot", auth=ClientAuth(method="private_key_jwt", keys=(CLIENT_KEY.public.jwk(),))),
    client("phone", kind="app", auth=ClientAuth(method="none"), grants=frozenset()),
    client("gone", disabled=True),
)

APIS = (
    Api(
        name="orders",
        audience=ORDERS,
        scopes={"orders:read": "Read orders", "orders:write": "Change orders"},
    ),
    Api(
        name="inventory",
        audience=INVENTORY,
        scopes={"stock:read": "See stock", "stock:write": "Change stock"},
        lifetime=120,
    ),
    Api(name="handbook", audience="urn:acme:handbook", scopes={"pages:search": "Search"}),
)

CORP = TrustedIssuer(
    name="corp-idp",
    issuer=IDP,
    kind="jwks",
    accepts=frozenset({ID_TOKEN, JWT}),
    algorithms=frozenset({"ES256"}),
    audiences={"acme-web": None},
    keys=(IDP_KEY.public.jwk(),),
    subject="claims.email",
    email_domains=frozenset({"acme.example"}),
    groups="claims.groups",
)

FROM_CORP = PartySelector(issuers=frozenset({"corp-idp"}), kinds=frozenset({"person"}))
FROM_OURS = PartySelector(issuers=frozenset({"actas"}))


def named(*names: str) -> ClientSelector:
    return ClientSelector(names=frozenset(names))


def sells(**bought: str) -> ScopeMap:
    """``sells(any="a b")`` or ``sells(**{"orders:read": "stock:read"})``."""
    table = {key: frozenset(value.split()) for key, value in bought.items() if key != "any"}
    return ScopeMap(bought=table, anyway=frozenset(bought.get("any", "").split()))


ASSISTANT_FOR_SUPPORT = RuleSpec(
    name="assistant-for-support",
    effect="allow",
    kind="delegation",
    client=named("assistant"),
    subject=replace(FROM_CORP, groups=frozenset({"support"})),
    apis=frozenset({"orders"}),
    scopes=sells(any="orders:read orders:write"),
    lifetime=300,
)
ORDERS_TO_INVENTORY = RuleSpec(
    name="orders-to-inventory",
    effect="allow",
    kind="delegation",
    client=named("orders"),
    subject=replace(FROM_OURS, audiences=frozenset({"orders"})),
    apis=frozenset({"inventory"}),
    scopes=sells(**{"orders:read": "stock:read", "orders:write": "stock:write"}),
    max_depth=3,
)
NO_AGENT_WRITES_STOCK = RuleSpec(
    name="no-agent-writes-stock",
    effect="deny",
    kind="any",
    chain=ChainSelector(kinds=frozenset({"agent"})),
    apis=frozenset({"inventory"}),
    denied_scopes=frozenset({"stock:write"}),
    reason="Stock changes need a person at the keyboard.",
)
RULES = (ASSISTANT_FOR_SUPPORT, ORDERS_TO_INVENTORY, NO_AGENT_WRITES_STOCK)


def allow(name: str, kind: Any, who: str, api: str, **changes: Any) -> RuleSpec:
    """A plain allow for subjects of ours; any of its fields can be changed."""
    scopes = {
        "orders": "orders:read orders:write",
        "inventory": "stock:read stock:write",
        "handbook": "pages:search",
    }
    spec = RuleSpec(
        name=name,
        effect="allow",
        kind=kind,
        client=named(who),
        subject=None if kind == "own" else FROM_OURS,
        apis=frozenset({api}),
        scopes=ScopeMap(anyway=frozenset(scopes[api].split())),
    )
    return replace(spec, **changes)


class ListWriter:
    """An audit stream in a list. ``broken`` makes it refuse."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.lines: list[bytes] = []
        self.broken = False
        self.out: list[Receipt] = []

    async def append(self, body: bytes) -> Receipt:
        if self.broken:
            raise AuditUnavailable("the disk is full")
        self.lines.append(body)
        self.events.append(json.loads(body))
        return Receipt("s1", len(self.events))

    def delivered(self, receipt: Receipt) -> None:
        self.out.append(receipt)


class SetMarks:
    """Single-use marks in a set."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str, str]] = set()

    async def claim(self, *, purpose: str, issuer: str, token_id: str, expires_at: int) -> bool:
        key = (purpose, issuer, token_id)
        if key in self.seen:
            return False
        self.seen.add(key)
        return True


class FreshFollower:
    """Has just read everything; ``stale`` makes it say that it could not."""

    def __init__(self) -> None:
        self.stale: str | None = None

    def require_fresh(self) -> None:
        if self.stale is not None:
            raise StoreUnavailable(self.stale)


class ListedRevocations:
    """What was revoked, in a list; ``broken`` makes it refuse."""

    def __init__(self) -> None:
        self.listed: list[Revoked] = []
        self.broken = False

    @property
    def last(self) -> int:
        return len(self.listed)

    def against(self, lineage: Lineage) -> Revoked | None:
        for one in self.listed:
            if one.mark in lineage.marks and lineage.since <= one.up_to:
                return one
        return None

    def after(self, seq: int, *, most: int) -> list[tuple[int, Revoked]]:
        return list(enumerate(self.listed, 1))[seq : seq + most]

    async def add(self, revoked: Iterable[Revoked]) -> None:
        if self.broken:
            raise StoreUnavailable("the database is away")
        self.listed += revoked


class InlineKeys:
    """The keys that a trusted issuer's registration holds."""

    async def key(self, issuer: TrustedIssuer, *, kid: str | None, algorithm: str) -> jose.PublicKey:
        from actas.core.errors import BadToken

        for jwk in issuer.keys:
            key = jose.PublicKey.from_jwk(jwk, algorithms=issuer.algorithms)
            if key.kid == kid and key.algorithm == algorithm:
                return key
        raise BadToken("the issuer has no such key")


@dataclass
class House:
    """The pipeline over one configuration, and what a test needs around it."""

    clients: Iterable[Client] = CLIENTS
    apis: Iterable[Api] = APIS
    issuers: Iterable[TrustedIssuer] = (CORP,)
    rules: Iterable[RuleSpec] = RULES
    defaults: PolicyDefaults = field(default_factory=PolicyDefaults)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    ring: FakeRing = field(default_factory=lambda: FakeRing("ES256", "RS256", "EdDSA"))
    writer: ListWriter = field(default_factory=ListWriter)
    marks: SetMarks = field(default_factory=SetMarks)
    kinds: Sequence[Kind] = KINDS
    follower: FreshFollower = field(default_factory=FreshFollower)
    meter: Meter = UNMETERED
    nonce_required: bool = False
    revoked: ListedRevocations = field(default_factory=ListedRevocations)
    published: KeySource = field(default_factory=InlineKeys)
    authorities: Sequence[bytes] = ()
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self.catalog = Catalog(
            clients=self.clients,
            apis=self.apis,
            issuers=self.issuers,
            rules=self.rules,
            defaults=self.defaults,
            digest="test",
        )
        chance = SystemChance()
        self.minutes = Minutes(
            writer=self.writer,
            flood=FloodGate(clock=self.clock),
            clock=self.clock,
            chance=chance,
            meter=self.meter,
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
            clients=self.catalog,
            trust=self.catalog,
            revocations=self.revoked,
            clock=self.clock,
        )
        self.validators = validators = Validators(
            [self.own_tokens, IdTokenValidator(foreign), ForeignJwtValidator(foreign)]
        )
        secret = SecretMethod(pepper=PEPPER, clock=self.clock)
        throttle = Throttle(self.limits, clock=self.clock, meter=self.meter)
        check = AssertionCheck(issuer=ISSUER, marks=self.marks, clock=self.clock, meter=self.meter)
        self.authenticator = ClientAuthenticator(
            clients=self.catalog,
            methods={
                "client_secret_basic": secret,
                "client_secret_post": secret,
                "client_secret_jwt": ClientSecretJwtMethod(check, clock=self.clock),
                "private_key_jwt": PrivateKeyJwtMethod(check, published=self.published),
                "tls_client_auth": NamedCertificateMethod(Authorities(self.authorities), clock=self.clock),
                "self_signed_tls_client_auth": RegisteredCertificateMethod(clock=self.clock),
                "workload": WorkloadMethod(
                    ourselves=ISSUER,
                    trust=self.catalog,
                    keys=InlineKeys(),
                    conditions=self.catalog.mapping,
                    clock=self.clock,
                ),
                "none": PublicMethod(),
            },
            claimed=AssertedClient(self.catalog),
            throttle=throttle,
            meter=self.meter,
        )
        self.nonces = Nonces(key=NONCE_KEY, life=300, required=self.nonce_required, clock=self.clock)
        self.proofs = ProofChecker(
            url=f"{ISSUER}/token",
            max_age=60,
            nonces=self.nonces,
            marks=self.marks,
            clock=self.clock,
            meter=self.meter,
        )
        mint = Mint(AccessTokenIssuer(issuer=ISSUER, keys=self.ring, chance=chance))
        self.exchange = Exchange(
            issuer=ISSUER,
            grants=[
                TokenExchangeGrant(readable=validators.token_types, issuable=mint.token_types),
                ClientCredentialsGrant(),
            ],
            clients=self.authenticator,
            proofs=self.proofs,
            subjects=validators,
            apis=self.catalog,
            kinds=self.kinds,
            policy=self.catalog.policy,
            fulfilment=mint,
            audit=self.minutes,
            marking=self.ring,
            throttle=throttle,
            fresh=self.follower.require_fresh,
        )

    def introspection(self) -> Introspection:
        """What says whether a token is good under this configuration."""
        return Introspection(
            clients=self.authenticator,
            tokens=self.own_tokens,
            apis=self.catalog,
            audit=self.minutes,
            fresh=self.follower.require_fresh,
        )

    def revocation(self) -> Revocation:
        """What ends tokens under this configuration."""
        return Revocation(
            issuer=ISSUER,
            clients=self.authenticator,
            tokens=self.own_tokens,
            revoked=self.revoked,
            marking=self.ring,
            audit=self.minutes,
            fresh=self.follower.require_fresh,
        )

    def feed(self) -> Feed:
        """What says what was revoked under this configuration."""
        return Feed(
            clients=self.authenticator,
            revoked=self.revoked,
            audit=self.minutes,
            fresh=self.follower.require_fresh,
        )

    def rehearsal(self) -> Rehearsal:
        """What explains exchanges under this configuration."""
        return Rehearsal(
            issuer=ISSUER,
            clients=self.catalog,
            apis=self.catalog,
            subjects=self.validators,
            kinds=self.kinds,
            policy=self.catalog.policy,
            clock=self.clock,
        )

    # What people and peers do.

    def id_token(
        self, user: str = "alice", *, key: jose.PrivateKey = IDP_KEY, typ: str = "JWT", **claims: Any
    ) -> str:
        """An ID token of the company's identity provider."""
        base: dict[str, Any] = {
            "iss": IDP,
            "sub": f"id-{user}",
            "aud": "acme-web",
            "iat": int(self.clock.now()),
            "exp": int(self.clock.now()) + 600,
            "email": f"{user}@acme.example",
            "email_verified": True,
            "groups": ["support"],
        }
        return jose.sign(_without_none({**base, **claims}), key=key, typ=typ)

    def our_token(self, **claims: Any) -> str:
        """An access token of ours, made directly: alice's, through the assistant, for orders."""
        base: dict[str, Any] = {
            "iss": ISSUER,
            "aud": ORDERS,
            "sub": "alice@acme.example",
            "sub_profile": "user",
            "client_id": "assistant",
            "scope": "orders:read orders:write",
            "iat": int(self.clock.now()),
            "exp": int(self.clock.now()) + 300,
            "jti": "parent-1",
            "txn": "root-1",
            "act": {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"},
        }
        base = {**base, **claims}
        base.setdefault("lineage", self.lineage(base))
        return jose.sign(_without_none(base), key=self.ring.private(), typ="at+jwt")

    def lineage(self, claims: Mapping[str, Any]) -> str:
        """The lineage of a token of ours that was made directly: itself, its subject and its client."""
        parties = [str(claims[name]) for name in ("sub", "client_id") if claims.get(name)]
        marks = [self.ring.mark("token", ISSUER, str(claims.get("jti")))]
        marks += [self.ring.mark("party", ISSUER, name) for name in parties]
        return " ".join((str(int(self.clock.now())), *dict.fromkeys(marks)))

    def assertion(self, name: str = "robot", *, key: jose.PrivateKey = CLIENT_KEY, **claims: Any) -> str:
        """A client assertion for ``private_key_jwt``."""
        base: dict[str, Any] = {
            "iss": name,
            "sub": name,
            "aud": ISSUER,
            "iat": int(self.clock.now()),
            "exp": int(self.clock.now()) + 60,
            "jti": f"assertion-{len(self.marks.seen)}-{len(self.writer.events)}",
        }
        return jose.sign(_without_none({**base, **claims}), key=key, typ="client-authentication+jwt")

    async def post(
        self,
        form: str | Mapping[str, Any] | list[tuple[str, str]],
        *,
        authorization: str | None = None,
        proofs: Sequence[str] = (),
        certificate: bytes | None = None,
        address: str = "127.0.0.1",
    ) -> Answer:
        """Send a form to the pipeline as bytes."""
        body = form if isinstance(form, str) else urlencode(form if isinstance(form, list) else _pairs(form))
        caller = Caller(
            address=address,
            authorization=None if authorization is None else Secret(authorization),
            certificate=certificate,
            proofs=tuple(Secret(one) for one in proofs),
        )
        return await self.exchange(body.encode(), caller)

    def form(self, who: str, subject: str | None, **parameters: Any) -> dict[str, Any]:
        """The form of a token exchange by client ``who``."""
        form: dict[str, Any] = {
            "grant_type": str(TOKEN_EXCHANGE),
            "client_id": who,
            "client_secret": secret_of(who),
        }
        if subject is not None:
            form |= {"subject_token": subject, "subject_token_type": str(ACCESS_TOKEN)}
        return _without_none({**form, **parameters})

    async def ask(self, who: str, subject: str | None, **parameters: Any) -> Answer:
        """One token exchange."""
        return await self.post(self.form(who, subject, **parameters))

    async def claims(self, who: str, subject: str | None, **parameters: Any) -> dict[str, Any]:
        """The claims of the token that an exchange gives."""
        return claims_of(await self.ask(who, subject, **parameters))

    async def own(self, who: str, **parameters: Any) -> Answer:
        """One client credentials request by client ``who``."""
        return await self.post(self.own_form(who, **parameters))

    def own_form(self, who: str, **parameters: Any) -> dict[str, Any]:
        """The form of a client credentials request by client ``who``."""
        form = {"grant_type": str(CLIENT_CREDENTIALS), "client_id": who, "client_secret": secret_of(who)}
        return _without_none({**form, **parameters})

    async def refused(self, who: str, subject: str | None, **parameters: Any) -> OAuthError:
        """The refusal of an exchange; granting it is a failure. The minutes must have it too."""
        return await self.turned_away(self.form(who, subject, **parameters))

    async def turned_away(
        self,
        form: str | Mapping[str, Any] | list[tuple[str, str]],
        *,
        authorization: str | None = None,
        certificate: bytes | None = None,
    ) -> OAuthError:
        """The refusal of any form; granting it is a failure. The minutes must have it too."""
        before = len(self.writer.events)
        error = await self._error(form, authorization=authorization, certificate=certificate)
        assert len(self.writer.events) == before + 1
        assert self.writer.events[-1]["outcome"] == "refused"
        assert self.writer.events[-1]["reason"] == error.reason
        assert self.writer.events[-1]["id"] == error.entry
        return error

    async def _error(
        self,
        form: str | Mapping[str, Any] | list[tuple[str, str]],
        *,
        authorization: str | None,
        certificate: bytes | None,
    ) -> OAuthError:
        try:
            answer = await self.post(form, authorization=authorization, certificate=certificate)
        except OAuthError as error:
            return error
        raise AssertionError(f"it was granted: {claims_of(answer)}")


def claims_of(answer: Answer) -> dict[str, Any]:
    """The claims of the token in an answer."""
    return dict(jose.parse(str(answer.body["access_token"])).unverified_claims)


def _without_none(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in claims.items() if value is not None}


def _pairs(form: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (key, one) for key, value in form.items() for one in (value if isinstance(value, list) else [value])
    ]
