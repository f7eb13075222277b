"""Every way to a token, as a request that is granted: the rows of the guard matrix (SEC-01)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from actas.core.client import Client
from actas.core.target import Api
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, TOKEN_EXCHANGE, GrantType
from actas.exchange import Answer
from actas.kinds.kind import Kind
from actas.policy.rule import PartySelector, PolicyDefaults, RuleSpec
from actas.trust.registry import TrustedIssuer
from tests.fakes.clock import FixedClock
from tests.fakes.house import (
    APIS,
    ASSISTANT_FOR_SUPPORT,
    CLIENTS,
    CORP,
    FROM_CORP,
    KINDS,
    NOW,
    ORDERS_TO_INVENTORY,
    House,
    allow,
)

Make = Callable[[House, Mapping[str, Any]], str]
"""Makes a token of a house; the claims replace its own."""


def ours(house: House, claims: Mapping[str, Any]) -> str:
    return house.our_token(**claims)


def of_corp(house: House, claims: Mapping[str, Any]) -> str:
    return house.id_token(**{"nonce": "n", **claims})


def of_dana(house: House, claims: Mapping[str, Any]) -> str:
    return house.id_token("dana", **{"nonce": "n", **claims})


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
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    more_rules: Sequence[RuleSpec] = ()
    clients: Iterable[Client] = CLIENTS
    apis: Iterable[Api] = APIS
    issuers: Iterable[TrustedIssuer] = (CORP,)
    defaults: PolicyDefaults = field(default_factory=PolicyDefaults)
    broken_audit: bool = False

    @property
    def grant(self) -> GrantType:
        return TOKEN_EXCHANGE if self.subject is not None else GrantType("client_credentials")

    @property
    def is_ours(self) -> bool:
        """Whether the subject token is one that we made."""
        return self.subject is ours

    def house(self, kinds: Sequence[Kind] = KINDS) -> House:
        house = House(
            clients=self.clients,
            apis=self.apis,
            issuers=self.issuers,
            rules=(self.rule, *self.more_rules),
            defaults=self.defaults,
            clock=FixedClock(NOW),
            kinds=kinds,
        )
        house.writer.broken = self.broken_audit
        return house

    def form(self, house: House) -> dict[str, Any]:
        """The form of the request."""
        asked: dict[str, Any] = {"audience": self.target, "scope": self.scope}
        if self.subject is None:
            return house.own_form(self.who, **{**asked, **self.parameters})
        asked["subject_token_type"] = self.subject_type
        if self.actor is not None:
            asked |= {
                "actor_token": self.actor(house, self.changed_actor),
                "actor_token_type": self.actor_type,
            }
        token = self.subject(house, {**self.held, **self.changed})
        return house.form(self.who, token, **{**asked, **self.parameters})

    async def send(self, house: House) -> Answer:
        """Ask."""
        return await house.post(self.form(house))

    def with_client(self, name: str, **changes: Any) -> Attempt:
        """The same with one client changed."""
        return replace(self, clients=[replace(c, **changes) if c.name == name else c for c in self.clients])

    def with_api(self, **changes: Any) -> Attempt:
        """The same with its target changed."""
        return replace(self, apis=[replace(a, **changes) if a.name == self.target else a for a in self.apis])

    def with_issuer(self, **changes: Any) -> Attempt:
        """The same with the company's identity provider changed."""
        return replace(self, issuers=(replace(CORP, **changes),))


_DANA: Final = PartySelector(issuers=frozenset({"corp-idp"}), required=True)
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
)
"""Every way to a token of this release."""
