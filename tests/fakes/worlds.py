"""Random companies: clients, APIs, rules and tokens small enough to collide often.

A world is what the judge sees - a proposal, all of it proven, and rules. Nothing here is signed or parsed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from hypothesis import strategies as st

from actas.core.client import Client, ClientAuth, PartyKind
from actas.core.party import ANY_CLIENT, OURSELVES, Actor, Identity, MayAct, Party
from actas.core.permit import Permit, Proposal
from actas.core.target import Api
from actas.core.wire import ACCESS_TOKEN, CLIENT_CREDENTIALS, ID_TOKEN, TOKEN_EXCHANGE
from actas.kinds.judge import Judgement, judge
from actas.policy.decide import Policy
from actas.policy.rule import ChainSelector, ClientSelector, PartySelector, PolicyDefaults, RuleSpec, ScopeMap
from actas.subjects.itself import party_of
from tests.fakes.house import GRANTS, IDP, ISSUER, KINDS, NOW

SCOPES: Final = ("a", "b", "c", "d")
API_NAMES: Final = ("one", "two", "three")
CLIENT_NAMES: Final = ("alpha", "beta", "gamma")
PEOPLE: Final = ("alice@acme.example", "bob@acme.example")
WHEN: Final = (
    "true",
    "subject.kind == 'person'",
    "'b' in subject.scope",
    "chain.depth < 2",
    "subject.claims.level == 'high'",
    "request.actor_token == false",
    "size(target.apis) == 1",
)

scopes = st.sets(st.sampled_from(SCOPES)).map(frozenset)
some_scopes = st.sets(st.sampled_from(SCOPES), min_size=1).map(frozenset)
lifetimes = st.none() | st.integers(30, 900)
kinds: st.SearchStrategy[PartyKind] = st.sampled_from(["person", "service", "agent", "app", "unknown"])


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One question and the rules that answer it."""

    apis: tuple[Api, ...]
    rules: tuple[RuleSpec, ...]
    defaults: PolicyDefaults
    proposal: Proposal

    def policy(self, rules: tuple[RuleSpec, ...] | None = None) -> Policy:
        return Policy(self.rules if rules is None else rules, apis=self.apis, defaults=self.defaults)

    def judge(self, rules: tuple[RuleSpec, ...] | None = None) -> Judgement:
        return judge(self.proposal, kinds=KINDS, policy=self.policy(rules))


@st.composite
def api_sets(draw: st.DrawFn) -> tuple[Api, ...]:
    return tuple(
        Api(
            name=name,
            audience=f"https://{name}.acme.example",
            scopes=dict.fromkeys(draw(some_scopes), ""),
            lifetime=draw(lifetimes),
            max_depth=draw(st.none() | st.integers(1, 6)),
            disabled=draw(st.integers(0, 15)) == 0,
        )
        for name in API_NAMES
    )


@st.composite
def clients(draw: st.DrawFn) -> Client:
    limited = draw(st.sets(st.sampled_from(API_NAMES), max_size=2))
    return Client(
        name=draw(st.sampled_from(CLIENT_NAMES)),
        kind=draw(st.sampled_from(["service", "agent", "app"])),
        auth=ClientAuth(method="none"),
        grants=GRANTS,
        api=draw(st.none() | st.sampled_from(API_NAMES)),
        apis=frozenset(draw(st.sets(st.sampled_from(API_NAMES), min_size=1))),
        scopes={name: draw(scopes) for name in sorted(limited)},
    )


actors = st.builds(
    Actor,
    st.builds(Identity, st.sampled_from([ISSUER, IDP]), st.sampled_from([*CLIENT_NAMES, *PEOPLE])),
    kinds,
)


@st.composite
def parties(draw: st.DrawFn, asker: Client) -> Party:
    """A proven token: one of ours or a foreign one, mostly one that the client may present."""
    ours = draw(st.booleans())
    name = draw(st.sampled_from([*PEOPLE, *CLIENT_NAMES] if ours else PEOPLE))
    iss = ISSUER if ours else IDP
    audience = draw(
        st.sets(st.sampled_from([f"https://{one}.acme.example" for one in API_NAMES]), min_size=1)
    )
    member = draw(st.sampled_from([asker.name, *CLIENT_NAMES]))
    offers = st.sampled_from([asker.name, *CLIENT_NAMES]).map(lambda sub: MayAct({"iss": ISSUER, "sub": sub}))
    return Party(
        identity=Identity(ISSUER, name),
        origin=Identity(iss, name),
        kind="person" if "@" in name else draw(kinds),
        issuer_name=OURSELVES if ours else "corp-idp",
        token_type=ACCESS_TOKEN if ours else ID_TOKEN,
        audience=tuple(sorted(audience)),
        presenters=None if ours else draw(st.sampled_from([ANY_CLIENT, frozenset({member})])),
        client_id=member if ours else None,
        expires_at=NOW + draw(st.integers(-5, 2000)),
        issued_at=NOW - 10,
        claims={"iss": iss, "sub": name, **({"level": "high"} if draw(st.booleans()) else {})},
        scope=draw(scopes),
        actors=tuple(draw(st.lists(actors, max_size=3))),
        may_act=draw(st.none() | st.none() | offers),
        token_id="t",
        digest="d",
        txn="root" if ours else None,
    )


@st.composite
def proposals(draw: st.DrawFn, apis: tuple[Api, ...]) -> Proposal:
    client = draw(clients())
    own = next((api for api in apis if api.name == client.api), None)
    itself = party_of(client, issuer=ISSUER, api=own)
    alone = draw(st.integers(0, 5)) == 0
    names = draw(st.sets(st.sampled_from(sorted(client.apis)), min_size=1, max_size=2))
    return Proposal(
        at=NOW,
        grant_type=CLIENT_CREDENTIALS if alone else TOKEN_EXCHANGE,
        client=client,
        subject=itself if alone else draw(parties(client)),
        actor=None if alone or draw(st.booleans()) else draw(parties(client)),
        itself=itself,
        requested=ACCESS_TOKEN,
        targets=tuple(api for api in apis if api.name in names),
        scope=draw(st.none() | scopes),
    )


@st.composite
def rule_sets(draw: st.DrawFn, client: Client, *, least: int = 0) -> tuple[RuleSpec, ...]:
    specs = draw(st.lists(allows(client) | allows(client) | denies(client), min_size=least, max_size=6))
    return tuple(replace(spec, name=f"rule-{number}") for number, spec in enumerate(specs))


selectors = st.builds(
    PartySelector,
    issuers=st.sampled_from(
        [frozenset({"actas"}), frozenset({"corp-idp"}), frozenset({"actas", "corp-idp"})]
    ),
    kinds=st.just(frozenset[PartyKind]())
    | st.frozensets(kinds.filter(lambda kind: kind != "unknown"), max_size=2),
    names=st.just(frozenset[str]())
    | st.just(frozenset[str]())
    | st.frozensets(st.sampled_from(PEOPLE), max_size=2),
)
chains = st.builds(
    ChainSelector,
    kinds=st.frozensets(kinds.filter(lambda kind: kind != "unknown"), max_size=1),
    names=st.frozensets(st.sampled_from(CLIENT_NAMES), max_size=1),
)
maps = st.builds(
    ScopeMap,
    bought=st.dictionaries(st.sampled_from(SCOPES), some_scopes, max_size=3),
    anyway=scopes,
    same=st.booleans(),
).filter(lambda one: bool(one.bought or one.anyway or one.same))


@st.composite
def allows(draw: st.DrawFn, client: Client) -> RuleSpec:
    kind = draw(st.sampled_from([one.name for one in KINDS]))
    actor = st.none() | st.builds(replace, selectors, required=st.booleans(), flatten=st.booleans())
    return RuleSpec(
        name="allow",
        effect="allow",
        kind=kind,
        client=draw(st.sampled_from([ClientSelector(names=frozenset({client.name})), ClientSelector(kinds=frozenset({client.kind}))])),
        subject=None if kind == "own" else draw(selectors),
        actor=None if kind == "own" else draw(actor),
        chain=draw(st.none() | st.none() | st.none() | chains),
        apis=frozenset(draw(st.sets(st.sampled_from(API_NAMES), min_size=1))),
        scopes=draw(maps),
        when=draw(st.just(()) | st.tuples(st.sampled_from(WHEN))),
        lifetime=draw(lifetimes),
        max_depth=draw(st.none() | st.integers(1, 6)),
    )  # fmt: skip


@st.composite
def denies(draw: st.DrawFn, client: Client) -> RuleSpec:
    return RuleSpec(
        name="deny",
        effect="deny",
        kind=draw(st.sampled_from(["any", "any", "delegation", "impersonation", "downscope"])),
        client=draw(st.sampled_from([ClientSelector(), ClientSelector(names=frozenset({client.name}))])),
        subject=draw(st.none() | selectors),
        chain=draw(st.none() | chains),
        apis=frozenset(draw(st.sets(st.sampled_from(API_NAMES), max_size=1))),
        denied_scopes=draw(scopes),
        when=draw(st.just(()) | st.tuples(st.sampled_from(WHEN))),
        reason="Because.",
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world in which about one question of five is answered with a token."""
    apis = draw(api_sets())
    proposal = draw(proposals(apis))
    defaults = PolicyDefaults(
        lifetime=draw(st.integers(60, 600)), on_excess_scope=draw(st.sampled_from(["reject", "trim"]))
    )
    rules = draw(rule_sets(proposal.client, least=1))
    return World(apis=apis, rules=rules, defaults=defaults, proposal=proposal)


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
    )
