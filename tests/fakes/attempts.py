"""A request that is granted, of which a test changes one thing: a row of the guard matrix (SEC-01)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

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
    TOKEN_EXCHANGE,
    GrantType,
)
from actas.exchange import Answer
from actas.kinds.kind import Kind
from actas.policy.connections import Connection
from actas.policy.rule import PolicyDefaults, RuleSpec
from actas.trust.registry import TrustedIssuer
from tests.fakes.clock import FixedClock
from tests.fakes.house import (
    APIS,
    CLIENTS,
    CORP,
    KINDS,
    NOW,
    PEOPLE,
    House,
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
