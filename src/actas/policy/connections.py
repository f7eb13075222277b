"""Connections as the policy has them: a target in another domain, and the rule that leads there.

An administrator decides once which app may reach which API of another domain for which people (JAG-35).
Nothing else does: the rules of the configuration cannot name such a target in an allow, so without a
connection there is no way (SEC-55). A deny that names no API holds for connections too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from actas.core.abroad import LONGEST_GRANT, Abroad, Acceptance, GrantWord
from actas.core.client import Client
from actas.core.details import Details
from actas.core.party import OURSELVES
from actas.core.target import Api
from actas.core.wire import SigningAlgorithm, TokenType
from actas.policy.rule import ClientSelector, PartySelector, RuleSpec, ScopeMap
from actas.trust.registry import AsClient

_PREFIX: Final = "connection:"
"""Before the name of a connection where its target or its rule is named: neither an API nor a rule of the
configuration can be called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The people whom a connection is for.

    Attributes:
        issuers: the names of those who vouch for them; ``actas`` for people of ours. Never empty.
        groups: one of which they are in; empty for all of them.
        names: as whom we know them; empty for all of them.
        token_types: what may show them; empty where the kind of exchange says it.
    """

    issuers: frozenset[str]
    groups: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    token_types: frozenset[TokenType] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A standing decision: one client may reach APIs of another domain for its people.

    Attributes:
        client: the name of the client.
        to: where it leads.
        scopes: what may be asked for there, each with its meaning.
        sold: what the scopes of the subject token buy there; None for all of them, whatever it holds.
        claims: what a plain grant carries over from the subject token, each a CEL expression; ``optional``
            are the names of those that may be missing.
        details: templates of the authorization details that may be.
        when: CEL conditions over the request, as in rules.
        lifetime: of a grant, in seconds.
        algorithm: what grants are signed with; None for the default.
        ourselves: as whom the server knows us, where we redeem there for the client (``to.redeems``); else
            None.
        hosts: hosts besides its own at which it may take grants of ours then.
        paused: whether nothing comes of it for now.
        place: ``file:line``, for people.
    """

    client: str
    to: Abroad
    people: Connected
    scopes: Mapping[str, str]
    sold: ScopeMap | None = None
    claims: Mapping[str, str] = field(default_factory=dict[str, str])
    optional: frozenset[str] = frozenset()
    details: Details = ()
    when: tuple[str, ...] = ()
    lifetime: int = LONGEST_GRANT
    algorithm: SigningAlgorithm | None = None
    ourselves: AsClient | None = None
    hosts: frozenset[str] = frozenset()
    paused: bool = False
    description: str = ""
    place: str = ""

    def __post_init__(self) -> None:
        if self.to.redeems != (self.ourselves is not None):
            raise ValueError(f"by {self.name} we redeem as nobody, or are somebody and do not")

    @property
    def name(self) -> str:
        """What the configuration calls it."""
        return self.to.connection


@dataclass(frozen=True, slots=True)
class Connections:
    """All connections of one configuration, found by who asks and for which server. Answers from memory.

    Args:
        every: those by which this server vouches.
        accepted: those by which it believes others.
    """

    every: tuple[Connection, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    _redeemed: dict[tuple[str, str, GrantWord], tuple[Acceptance, ...]] = field(
        init=False, repr=False, default_factory=dict[tuple[str, str, GrantWord], tuple[Acceptance, ...]]
    )
    _unnamed: dict[str, tuple[Acceptance, ...]] = field(
        init=False, repr=False, default_factory=dict[str, tuple[Acceptance, ...]]
    )
    _targets: dict[str, Api] = field(init=False, repr=False, default_factory=dict[str, Api])
    _found: dict[tuple[str, str], tuple[Api, ...]] = field(
        init=False, repr=False, default_factory=dict[tuple[str, str], tuple[Api, ...]]
    )
    _for_clients: dict[tuple[str, str], tuple[Api, ...]] = field(
        init=False, repr=False, default_factory=dict[tuple[str, str], tuple[Api, ...]]
    )

    def __post_init__(self) -> None:
        for one in self.every:
            target = self._targets[name_of(one.name)] = target_of(one)
            found = self._for_clients if one.to.redeems else self._found
            names = {one.to.issuer, *one.to.audiences, *(one.to.resources if one.to.redeems else ())}
            for name in names:
                place = (one.client, name)
                found[place] = (*found.get(place, ()), target)

        for other in self.accepted:
            way = (other.client, other.issuer, other.grant)
            self._redeemed[way] = (*self._redeemed.get(way, ()), other)
            if other.grant == "jwt" and other.client_claim == "none":
                self._unnamed[other.issuer] = (*self._unnamed.get(other.issuer, ()), other)

    def redeeming(self, client: str, *, issuer: str, grant: GrantWord) -> tuple[Acceptance, ...]:
        """Return by what a client redeems such grants of an issuer, what is paused included."""
        return self._redeemed.get((client, issuer, grant), ())

    def naming_no_client(self, issuer: str) -> tuple[Acceptance, ...]:
        """Return by what plain grants of an issuer are redeemed that name no client."""
        return self._unnamed.get(issuer, ())

    def acceptance(self, name: str) -> Acceptance | None:
        """Return that connection, when it is one by which grants are redeemed; else None."""
        return next((one for one in self.accepted if one.name == name), None)

    def leading_to(self, audience: str, *, client: str) -> tuple[Api, ...]:
        """Return for which servers a client gets grants by that audience, what is paused included."""
        return self._found.get((client, audience), ())

    def redeemed_for(self, name: str, *, client: str) -> tuple[Api, ...]:
        """Return where we redeem grants for a client that are called so there: the server, or an API of its;
        what is paused included.
        """
        return self._for_clients.get((client, name), ())

    def connection(self, name: str) -> Connection | None:
        """Return that connection, when it is one by which this server vouches."""
        return next((one for one in self.every if one.name == name), None)

    def target(self, name: str) -> Api | None:
        """Return the target that ``name_of`` names, or None."""
        return self._targets.get(name)

    def rules(self) -> Iterator[RuleSpec]:
        """Yield the rule of each connection."""
        yield from (_rule_of(one) for one in self.every)
        yield from (_rule_of_acceptance(one) for one in self.accepted)

    @property
    def ways(self) -> dict[str, frozenset[str]]:
        """What connections lead to, by the client that they name."""
        found: dict[str, frozenset[str]] = {}
        for one in self.every:
            found[one.client] = found.get(one.client, frozenset()) | {name_of(one.name)}
        return found

    def opened(self, clients: Iterable[Client]) -> Iterator[Client]:
        """Yield clients, each with what its connections lead to among what it may ask for."""
        ways = self.ways
        for client in clients:
            yield replace(client, apis=client.apis | ways[client.name]) if client.name in ways else client


def name_of(connection: str) -> str:
    """Return what the target and the rule of a connection are called."""
    return f"{_PREFIX}{connection}"


def connection_of(name: str) -> str:
    """Return the connection that a target or a rule of that name is of: the other way round."""
    return name.removeprefix(_PREFIX)


def is_of_connection(rule: RuleSpec) -> bool:
    """Whether a rule is that of a connection, and none of the configuration."""
    return rule.name.startswith(_PREFIX)


def target_of(connection: Connection) -> Api:
    """Return where a connection leads."""
    return Api(
        name=name_of(connection.name),
        audience=connection.to.issuer,
        scopes=connection.scopes,
        algorithm=connection.algorithm,
        binding="optional",
        format="jwt",
        disabled=connection.paused,
        abroad=connection.to,
    )


def _rule_of(connection: Connection) -> RuleSpec:
    people = connection.people
    return RuleSpec(
        name=name_of(connection.name),
        effect="allow",
        kind="cross_app" if connection.to.grant == "id_jag" else "chaining",
        client=ClientSelector(names=frozenset({connection.client})),
        subject=PartySelector(
            issuers=people.issuers | {OURSELVES},  # whoever signed in here shows a token of ours
            origins=people.issuers,
            groups=people.groups,
            names=people.names,
            token_types=people.token_types,
        ),
        apis=frozenset({name_of(connection.name)}),
        scopes=connection.sold or ScopeMap(anyway=frozenset(connection.scopes)),
        details=connection.details,
        claims=connection.claims,
        optional_claims=connection.optional,
        proposals=connection.to.proposals,
        when=connection.when,
        lifetime=connection.lifetime,
        description=connection.description,
        place=connection.place,
        disabled=connection.paused,
    )


def _rule_of_acceptance(accepted: Acceptance) -> RuleSpec:
    return RuleSpec(
        name=name_of(accepted.name),
        effect="allow",
        kind="redemption" if accepted.grant == "id_jag" else "chained",
        client=ClientSelector(names=frozenset({accepted.client})),
        subject=PartySelector(
            issuers=frozenset({accepted.issuer}),
            groups=accepted.groups,
            names=accepted.names,
            known=accepted.unknown == "refuse",
        ),
        apis=frozenset({accepted.api}),
        scopes=ScopeMap(anyway=accepted.scopes),
        details=accepted.details,
        when=accepted.when,
        lifetime=accepted.lifetime,
        repeatable=accepted.repeatable,
        claims=accepted.claims,
        optional_claims=accepted.optional,
        honours_key=accepted.honours_key,
        proposals=accepted.proposals,
        must_encrypt=accepted.must_encrypt,
        description=accepted.description,
        place=accepted.place,
        disabled=accepted.paused,
    )
