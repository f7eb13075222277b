"""Random companies: clients, APIs, rules and tokens small enough to collide often.

A world is what the judge sees - a proposal, all of it proven, and rules. Nothing here is signed or parsed. It
follows from one number, so that a property that fails names the number and nothing else; about one question in
four is answered with a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final, TypeVar

from actas.core.client import Client, ClientAuth, PartyKind
from actas.core.lineage import Lineage
from actas.core.party import ANY_CLIENT, OURSELVES, Actor, Identity, MayAct, Party
from actas.core.permit import Permit, Proposal
from actas.core.target import Api
from actas.core.wire import ACCESS_TOKEN, CLIENT_CREDENTIALS, ID_TOKEN, TOKEN_EXCHANGE
from actas.kinds.judge import Judgement, judge
from actas.policy.decide import Policy
from actas.policy.rule import ChainSelector, ClientSelector, PartySelector, PolicyDefaults, RuleSpec, ScopeMap
from actas.subjects.itself import party_of
from tests.fakes.house import GRANTS, IDP, ISSUER, KINDS, NOW

T = TypeVar("T")

SCOPES: Final = ("a", "b", "c", "d")
API_NAMES: Final = ("one", "two", "three")
CLIENT_NAMES: Final = ("alpha", "beta", "gamma")
PEOPLE: Final = ("alice@acme.example", "bob@acme.example")
PROFILES: Final[tuple[PartyKind, ...]] = ("person", "service", "agent", "app")
WHEN: Final = (
    "true",
    "subject.kind == 'person'",
    "'b' in subject.scope",
    "chain.depth < 2",
    "subject.claims.level == 'high'",
    "request.actor_token == false",
    "size(target.apis) == 1",
)

_OTHERWISE = (*("administrative_impersonation", "sign_in", "cross_app", "redemption", "chaining", "chained"),)
ASKED_BY_TOKENS = tuple(one for one in KINDS if one.name not in _OTHERWISE)
"""The kinds that a client asks for with tokens alone: the others need a name, a person at a browser, or a connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One question and the rules that answer it."""

    apis: tuple[Api, ...]
    rules: tuple[RuleSpec, ...]
    defaults: PolicyDefaults
    proposal: Proposal

    def judge(self, rules: Sequence[RuleSpec] | None = None) -> Judgement:
        """The decision, under these rules or others."""
        policy = Policy(self.rules if rules is None else rules, apis=self.apis, defaults=self.defaults)
        return judge(self.proposal, kinds=KINDS, policy=policy)


class Maker:
    """Makes the parts of a world.

    Args:
        number: the number that everything follows from.
    """

    def __init__(self, number: int) -> None:
        self.chance = Random(number)

    def rarely(self, one_in: int = 10) -> bool:
        return self.chance.randrange(one_in) == 0

    def some(self, values: Sequence[T], *, least: int = 0, most: int | None = None) -> list[T]:
        return self.chance.sample(values, self.chance.randint(least, len(values) if most is None else most))

    def world(self) -> World:
        apis = self.apis()
        client = self.client()
        proposal = self.proposal(apis, client)
        trim = self.rarely(2)
        return World(
            apis=apis,
            rules=self.rules(client),
            defaults=PolicyDefaults(
                lifetime=self.chance.randint(60, 600), on_excess_scope="trim" if trim else "reject"
            ),
            proposal=proposal,
        )

    def apis(self) -> tuple[Api, ...]:
        return tuple(
            Api(
                name=name,
                audience=f"https://{name}.acme.example",
                scopes=dict.fromkeys(self.some(SCOPES, least=2), ""),
                lifetime=self.chance.randint(30, 900) if self.rarely(3) else None,
                max_depth=self.chance.randint(1, 6) if self.rarely(4) else None,
                disabled=self.rarely(30),
            )
            for name in API_NAMES
        )

    def client(self) -> Client:
        return Client(
            name=self.chance.choice(CLIENT_NAMES),
            kind=self.chance.choice(("service", "agent", "app")),
            auth=ClientAuth(method="none"),
            grants=GRANTS,
            api=self.chance.choice((None, *API_NAMES)),
            apis=frozenset(self.some(API_NAMES, least=2)),
            scopes={name: frozenset(self.some(SCOPES, least=1)) for name in API_NAMES if self.rarely(4)},
        )

    def actor(self) -> Actor:
        issuer = self.chance.choice((ISSUER, ISSUER, IDP))
        name = self.chance.choice((*CLIENT_NAMES, *PEOPLE))
        return Actor(Identity(issuer, name), self.chance.choice((*PROFILES, "unknown")))

    def party(self, asker: Client) -> Party:
        """A proven token, mostly one that the client may present."""
        ours = self.chance.random() < 0.6
        name = self.chance.choice((*PEOPLE, *PEOPLE, asker.name, *CLIENT_NAMES) if ours else PEOPLE)
        audience = self.some(API_NAMES, least=1)
        if asker.api is not None and not self.rarely():
            audience = sorted({*audience, asker.api})
        holder = self.chance.choice(CLIENT_NAMES) if self.rarely(5) else asker.name
        iss = ISSUER if ours else IDP
        offered = self.chance.choice((asker.name, *CLIENT_NAMES))
        return Party(
            identity=Identity(ISSUER, name),
            origin=Identity(iss, name),
            kind="person" if "@" in name else self.chance.choice(PROFILES),
            issuer_name=OURSELVES if ours else "corp-idp",
            token_type=ACCESS_TOKEN if ours else ID_TOKEN,
            audience=tuple(f"https://{one}.acme.example" for one in audience),
            presenters=None if ours else ANY_CLIENT if self.rarely(2) else frozenset({holder}),
            client_id=holder if ours else None,
            expires_at=NOW + self.chance.randint(-5, 2000),
            issued_at=NOW - 10,
            claims={"iss": iss, "sub": name, **({} if self.rarely(4) else {"level": "high"})},
            scope=frozenset(self.some(SCOPES, least=1)),
            actors=tuple(self.actor() for _ in range(self.chance.choice((0, 0, 0, 0, 1, 1, 2, 3)))),
            may_act=MayAct({"iss": ISSUER, "sub": offered}) if self.rarely(12) else None,
            token_id="t",
            digest="d",
            txn="root" if ours else None,
            lineage=Lineage(),
        )

    def proposal(self, apis: tuple[Api, ...], client: Client) -> Proposal:
        own = next((api for api in apis if api.name == client.api), None)
        itself = party_of(client, issuer=ISSUER, api=own, lineage=Lineage())
        alone = self.rarely(6)
        names = self.some(sorted(client.apis), least=1, most=1 if not self.rarely(4) else 2)
        return Proposal(
            at=NOW,
            grant_type=CLIENT_CREDENTIALS if alone else TOKEN_EXCHANGE,
            client=client,
            subject=itself if alone else self.party(client),
            actor=self.party(client) if not alone and self.rarely(4) else None,
            itself=itself,
            requested=ACCESS_TOKEN,
            targets=tuple(api for api in apis if api.name in names),
            scope=frozenset(self.some(SCOPES, least=1, most=2)) if self.rarely(2) else None,
        )

    def rules(self, client: Client) -> tuple[RuleSpec, ...]:
        """Rules that concern a client, in any order."""
        specs = [self.allow(client) for _ in range(self.chance.randint(2, 7))]
        specs += [self.deny(client) for _ in range(self.chance.choice((0, 0, 1, 2)))]
        self.chance.shuffle(specs)
        return tuple(replace(spec, name=f"rule-{number}") for number, spec in enumerate(specs))

    def selector(self) -> PartySelector:
        """Mostly anybody."""
        issuers = [["actas", "corp-idp"], ["actas"], ["corp-idp"]][self.chance.choice((0, 0, 1, 2))]
        return PartySelector(
            issuers=frozenset(issuers),
            kinds=frozenset(self.some(PROFILES, least=1, most=3) if self.rarely(5) else []),
            names=frozenset(self.some(PEOPLE, least=1) if self.rarely(8) else []),
        )

    def chain(self) -> ChainSelector:
        kinds: list[PartyKind] = self.some(PROFILES, least=1, most=2) if self.rarely(2) else []
        return ChainSelector(kinds=frozenset(kinds), names=frozenset(self.some(CLIENT_NAMES, most=1)))

    def allow(self, client: Client) -> RuleSpec:
        kind = self.chance.choice(("delegation", "delegation", *(one.name for one in ASKED_BY_TOKENS)))
        by_name = ClientSelector(names=frozenset({client.name}))
        by_kind = ClientSelector(kinds=frozenset({client.kind}))
        actor = replace(self.selector(), required=self.rarely(3), flatten=self.rarely(2))
        bought = {held: frozenset(self.some(SCOPES, least=1)) for held in self.some(SCOPES, least=1)}
        return RuleSpec(
            name="allow",
            effect="allow",
            kind=kind,
            client=self.chance.choice((by_name, by_kind)),
            subject=None if kind == "own" else self.selector(),
            actor=actor if kind != "own" and self.rarely(2) else None,
            chain=self.chain() if self.rarely(12) else None,
            apis=frozenset(self.some(API_NAMES, least=2)),
            scopes=ScopeMap(bought=bought, anyway=frozenset(self.some(SCOPES, most=2)), same=self.rarely(3)),
            when=(self.chance.choice(WHEN),) if self.rarely(4) else (),
            lifetime=self.chance.randint(30, 900) if self.rarely(2) else None,
            max_depth=self.chance.randint(1, 6) if self.rarely(4) else None,
        )

    def deny(self, client: Client) -> RuleSpec:
        named = ClientSelector(names=frozenset({client.name}))
        return RuleSpec(
            name="deny",
            effect="deny",
            kind=self.chance.choice(("any", "any", "delegation", "impersonation", "downscope")),
            client=named if self.rarely(2) else ClientSelector(),
            subject=self.selector() if self.rarely(2) else None,
            chain=self.chain() if self.rarely(2) else None,
            apis=frozenset(self.some(API_NAMES, most=1)),
            denied_scopes=frozenset(self.some(SCOPES, most=2)),
            when=(self.chance.choice(WHEN),) if self.rarely(3) else (),
            reason="Because.",
        )


def party_of_permit(permit: Permit) -> Party:
    """The party that the token of a permit will be proven to be."""
    return Party(
        identity=permit.subject,
        origin=permit.origin,
        kind=permit.subject_kind,
        issuer_name=OURSELVES,
        token_type=ACCESS_TOKEN,
        audience=permit.audience,
        client_id=permit.client_id,
        expires_at=permit.expires_at,
        issued_at=permit.issued_at,
        claims={"iss": ISSUER, "sub": permit.subject.subject, "client_id": permit.client_id},
        scope=permit.scope,
        actors=permit.actors,
        token_id="t",
        digest="d",
        txn=permit.txn,
        lineage=permit.lineage,
    )
