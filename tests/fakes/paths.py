"""Every way to a token, as a request that is granted: the rows of the guard matrix (SEC-01)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from actas.core.abroad import Acceptance
from actas.core.administrators import Administrators
from actas.core.client import Client
from actas.core.target import Api
from actas.core.wire import (
    ACCESS_TOKEN,
    AUTHORIZATION_CODE,
    DEVICE_CODE,
    GRANT_JWT,
    ID_JAG,
    ID_TOKEN,
    JWT,
    JWT_BEARER,
    JWT_GRANT,
    SUBJECT,
    TOKEN_EXCHANGE,
    GrantType,
)
from actas.exchange import Answer
from actas.kinds.kind import Kind
from actas.policy.connections import Connected, Connection
from actas.policy.rule import PartySelector, PolicyDefaults, RuleSpec, ScopeMap
from actas.trust.registry import TrustedIssuer
from tests.fakes.clock import FixedClock
from tests.fakes.company import (
    GRANTING,
    HELPDESK_IMPERSONATION,
    REDEEMERS,
    TICKETS,
    acceptance,
    connection,
)
from tests.fakes.house import (
    APIS,
    ASSISTANT_FOR_SUPPORT,
    CLIENTS,
    CORP,
    FROM_CORP,
    KINDS,
    NOW,
    ORDERS_TO_INVENTORY,
    PEOPLE,
    House,
    allow,
    on_devices,
    signing_in,
)

Make = Callable[[House, Mapping[str, Any]], str]
"""Makes a token of a house; the claims replace its own."""


def ours(house: House, claims: Mapping[str, Any]) -> str:
    return house.our_token(**claims)


def told(house: House, claims: Mapping[str, Any]) -> str:
    return house.our_id_token(**claims)


def of_corp(house: House, claims: Mapping[str, Any]) -> str:
    return house.id_token(**{"nonce": "n", **claims})


def of_dana(house: House, claims: Mapping[str, Any]) -> str:
    return house.id_token("dana", **{"nonce": "n", **claims})


def granted(house: House, claims: Mapping[str, Any]) -> str:
    """A grant of the company's identity provider."""
    return house.grant(**claims)


def granted_plainly(house: House, claims: Mapping[str, Any]) -> str:
    """A plain grant of the company's identity provider."""
    return house.grant(typ=GRANT_JWT, **claims)


def carol(_house: House, _claims: Mapping[str, Any]) -> str:
    """Nobody's token: a name."""
    return "actas:carol"


def nobody(_house: House, _claims: Mapping[str, Any]) -> str:
    return "actas:nobody"


def locked_out(_house: House, _claims: Mapping[str, Any]) -> str:
    return "actas:bob"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request in one configuration.

    Attributes:
        path: its name in the matrix.
        kind: the kind of exchange it is.
        who: the client that asks.
        subject: makes the subject token; None when the client speaks for itself.
        actor: makes the actor token, or None.
        changed: what is other in the subject token than the path's own claims.
        changed_actor: the same of the actor token.
        code: what is other in the authorization code that is presented; None when none is.
        on_device: whether it is the code of a device.
        connection: by which a grant for another domain is asked for; then no rule plays a part.
        acceptance: by which such a grant is redeemed; likewise.
    """

    path: str
    kind: str
    who: str
    rule: RuleSpec
    target: str
    scope: str
    subject: Make | None
    subject_type: str = str(ACCESS_TOKEN)
    actor: Make | None = None
    actor_type: str = str(ID_TOKEN)
    held: Mapping[str, Any] = field(default_factory=dict[str, Any])
    changed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    changed_actor: Mapping[str, Any] = field(default_factory=dict[str, Any])
    code: Mapping[str, Any] | None = None
    on_device: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    more_rules: Sequence[RuleSpec] = ()
    clients: Iterable[Client] = CLIENTS
    administrators: Administrators = field(default_factory=Administrators)
    apis: Iterable[Api] = APIS
    issuers: Iterable[TrustedIssuer] = (CORP,)
    defaults: PolicyDefaults = field(default_factory=PolicyDefaults)
    broken_audit: bool = False
    connection: Connection | None = None
    acceptance: Acceptance | None = None

    @property
    def grant(self) -> GrantType:
        if self.acceptance is not None:
            return JWT_BEARER
        if self.code is not None:
            return DEVICE_CODE if self.on_device else AUTHORIZATION_CODE
        return TOKEN_EXCHANGE if self.subject is not None else GrantType("client_credentials")

    @property
    def is_ours(self) -> bool:
        """Whether the subject token is an access token that we made."""
        return self.subject is ours

    @property
    def shows_subject(self) -> bool:
        """Whether a token of the subject is presented."""
        return self.subject is not None and self.subject is not carol

    @property
    def is_told(self) -> bool:
        """Whether it is an ID token that we made."""
        return self.subject is told

    def house(self, kinds: Sequence[Kind] = KINDS) -> House:
        house = House(
            clients=self.clients,
            administrators=self.administrators,
            apis=self.apis,
            issuers=self.issuers,
            rules=(self.rule, *self.more_rules),
            connections=() if self.connection is None else (self.connection,),
            accepted=() if self.acceptance is None else (self.acceptance,),
            defaults=self.defaults,
            clock=FixedClock(NOW),
            kinds=kinds,
            people=PEOPLE,
        )
        house.writer.broken = self.broken_audit
        return house

    def form(self, house: House) -> dict[str, Any]:
        """The form of the request."""
        asked: dict[str, Any] = {"audience": self.target, "scope": self.scope}
        if self.subject is None:
            return house.own_form(self.who, **{**asked, **self.parameters})
        if self.acceptance is not None:
            assertion = self.subject(house, {**self.held, **self.changed})
            return house.redeeming(assertion, self.who, **{**asked, **self.parameters})
        asked["subject_token_type"] = self.subject_type
        if self.connection is not None:
            asked["requested_token_type"] = str(ID_JAG if self.connection.to.grant == "id_jag" else JWT)
        if self.actor is not None:
            asked |= {
                "actor_token": self.actor(house, self.changed_actor),
                "actor_token_type": self.actor_type,
            }
        token = self.subject(house, {**self.held, **self.changed})
        return house.form(self.who, token, **{**asked, **self.parameters})

    async def send(self, house: House) -> Answer:
        """Ask."""
        return await house.post(await self.whole_form(house))

    async def whole_form(self, house: House) -> dict[str, Any]:
        """The form of the request, with the code that it redeems."""
        form = self.form(house)
        if self.code is None:
            return form
        made = house.device_form if self.on_device else house.code_form
        redeems = await made(self.who, **self.code)
        return {**redeems, **form, "grant_type": str(self.grant)}

    def with_client(self, name: str, **changes: Any) -> Attempt:
        """The same with one client changed."""
        return replace(self, clients=[replace(c, **changes) if c.name == name else c for c in self.clients])

    def with_api(self, **changes: Any) -> Attempt:
        """The same with its target changed."""
        return replace(self, apis=[replace(a, **changes) if a.name == self.target else a for a in self.apis])

    def with_issuer(self, **changes: Any) -> Attempt:
        """The same with the company's identity provider changed."""
        return replace(self, issuers=tuple(replace(one, **changes) for one in self.issuers))


_DANA: Final = PartySelector(issuers=frozenset({"corp-idp"}), required=True)
_SIGNED_IN: Final = PartySelector(
    issuers=frozenset({"actas"}), token_types=frozenset({ID_TOKEN}), groups=frozenset({"support"})
)
_OF_CORP: Final = Connected(issuers=frozenset({"corp-idp"}))
_OURS: Final = Connected(issuers=frozenset({"actas", "corp-idp"}))
_SOLD: Final = ScopeMap(
    bought={"orders:read": frozenset({"tickets:read"})}, signed_in=frozenset({"tickets:read"})
)
_ALONE: Final = {"act": None}

PATHS: Final[tuple[Attempt, ...]] = (
    Attempt(
        path="delegation of a foreign token",
        kind="delegation",
        who="assistant",
        rule=ASSISTANT_FOR_SUPPORT,
        target="orders",
        scope="orders:read",
        subject=of_corp,
        subject_type=str(ID_TOKEN),
    ),
    Attempt(
        path="delegation of our own token",
        kind="delegation",
        who="orders",
        rule=ORDERS_TO_INVENTORY,
        target="inventory",
        scope="stock:read",
        subject=ours,
    ),
    Attempt(
        path="delegation with an actor token",
        kind="delegation",
        who="orders",
        rule=replace(ORDERS_TO_INVENTORY, actor=_DANA),
        target="inventory",
        scope="stock:read",
        subject=ours,
        actor=of_dana,
    ),
    Attempt(
        path="delegation of our own ID token",
        kind="delegation",
        who="web",
        rule=allow("web-for-people", "delegation", "web", "orders", subject=_SIGNED_IN),
        target="orders",
        scope="orders:read",
        subject=told,
        subject_type=str(ID_TOKEN),
    ),
    Attempt(
        path="impersonation",
        kind="impersonation",
        who="orders",
        rule=allow("impersonate", "impersonation", "orders", "inventory"),
        target="inventory",
        scope="stock:read",
        subject=ours,
        held=_ALONE,
    ),
    Attempt(
        path="administrative impersonation",
        kind="administrative_impersonation",
        who="helpdesk",
        rule=replace(HELPDESK_IMPERSONATION, actor=_DANA),
        target="orders",
        scope="orders:read",
        subject=carol,
        subject_type=str(SUBJECT),
        actor=of_dana,
        parameters={"reason": "the order does not load"},
    ),
    Attempt(
        path="translation",
        kind="translation",
        who="helpdesk",
        rule=allow("translate", "translation", "helpdesk", "orders", subject=FROM_CORP),
        target="orders",
        scope="orders:read",
        subject=of_corp,
        subject_type=str(ID_TOKEN),
    ),
    Attempt(
        path="downscope",
        kind="downscope",
        who="web",
        rule=allow("narrow", "downscope", "web", "orders", apis=frozenset({"orders", "inventory"})),
        target="orders",
        scope="orders:read",
        subject=ours,
        held={"client_id": "web"},
    ),
    Attempt(
        path="own",
        kind="own",
        who="orders",
        rule=allow("own", "own", "orders", "inventory"),
        target="inventory",
        scope="stock:read",
        subject=None,
    ),
    Attempt(
        path="sign-in",
        kind="sign_in",
        who="web",
        rule=allow("unused", "own", "orders", "inventory"),
        target="orders",
        scope="orders:read",
        subject=None,
        code={},
        clients=[signing_in(one) if one.name == "web" else one for one in CLIENTS],
    ),
    Attempt(
        path="sign-in on a device",
        kind="sign_in",
        who="web",
        rule=allow("unused", "own", "orders", "inventory"),
        target="orders",
        scope="orders:read",
        subject=None,
        code={},
        on_device=True,
        clients=[on_devices(one) if one.name == "web" else one for one in CLIENTS],
    ),
    Attempt(
        path="cross-app access",
        kind="cross_app",
        who="web",
        rule=allow("unused", "own", "orders", "inventory"),
        target=TICKETS,
        scope="tickets:read",
        subject=told,
        subject_type=str(ID_TOKEN),
        connection=connection(max_age=3600),
    ),
    Attempt(
        path="cross-app access of an issuer's person",
        kind="cross_app",
        who="assistant",
        rule=allow("unused", "own", "orders", "inventory"),
        target=TICKETS,
        scope="tickets:read",
        subject=of_corp,
        subject_type=str(ID_TOKEN),
        issuers=(replace(CORP, audiences={"acme-web": frozenset({"assistant"})}),),
        connection=connection(client="assistant", people=_OF_CORP),
    ),
    Attempt(
        path="redemption of a grant",
        kind="redemption",
        who="web",
        rule=allow("unused", "own", "orders", "inventory"),
        target="orders",
        scope="orders:read",
        subject=granted,
        issuers=(GRANTING,),
        clients=REDEEMERS,
        acceptance=acceptance(),
    ),
    Attempt(
        path="chaining of our own token",
        kind="chaining",
        who="web",
        rule=allow("unused", "own", "orders", "inventory"),
        target=TICKETS,
        scope="tickets:read",
        subject=ours,
        held={"client_id": "web", "auth_time": NOW, "act": None},
        connection=connection(grant="jwt", resources=(), sold=_SOLD, max_age=3600, people=_OURS),
    ),
    Attempt(
        path="chaining of an issuer's person",
        kind="chaining",
        who="assistant",
        rule=allow("unused", "own", "orders", "inventory"),
        target=TICKETS,
        scope="tickets:read",
        subject=of_corp,
        subject_type=str(ID_TOKEN),
        issuers=(replace(CORP, audiences={"acme-web": frozenset({"assistant"})}),),
        connection=connection(client="assistant", grant="jwt", resources=(), sold=_SOLD, people=_OF_CORP),
    ),
    Attempt(
        path="redemption of a plain grant",
        kind="chained",
        who="web",
        rule=allow("unused", "own", "orders", "inventory"),
        target="orders",
        scope="orders:read",
        subject=granted_plainly,
        issuers=(replace(GRANTING, accepts=GRANTING.accepts | {JWT_GRANT}),),
        clients=REDEEMERS,
        acceptance=acceptance(grant="jwt"),
    ),
)
"""Every way to a token of this release."""
