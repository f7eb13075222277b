"""The company of the documentation, as the parts of a configuration that a test can replace.

alice and dana at ``corp-idp``, the agent ``assistant``, the services ``orders`` and ``inventory``, the rules that
let them work, and short ways to write a client or a rule of one's own. ``tests.fakes.house`` opens over it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actas.core.abroad import Abroad, Acceptance
from actas.core.client import Client, ClientAuth, SignInTerms
from actas.core.person import Person
from actas.core.secret import Secret
from actas.core.target import Api
from actas.core.wire import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    ID_JAG,
    ID_TOKEN,
    JWT,
    JWT_BEARER,
    REFRESH,
    TOKEN_EXCHANGE,
)
from actas.crypto import jose
from actas.crypto.passwords import digest_secret
from actas.policy.connections import Connected, Connection
from actas.policy.rule import ChainSelector, ClientSelector, PartySelector, RuleSpec, ScopeMap
from actas.trust.registry import SignInThere, TrustedIssuer

ISSUER = "https://sts.acme.example"
IDP = "https://idp.acme.example"
ORDERS = "https://orders.acme.example"
INVENTORY = "https://inventory.acme.example"
NOW = 1_795_000_000
PEPPER = b"a pepper of thirty-two bytes....."
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

CALLBACK = "https://web.acme.example/callback"

PEOPLE = (
    Person(
        name="alice", display="Alice", email="alice@acme.example", groups=("support",),
        initial=Secret("correct horse battery"),
    ),
    Person(name="bob", display="Bob", disabled=True),
    Person(name="carol", display="Carol", email="carol@example.com", groups=("customers",)),
    Person(name="olga", display="Olga", email="olga@acme.example", groups=("executives",)),
)  # fmt: skip


def signing_in(one: Client, **terms: Any) -> Client:
    """A client that people sign in to."""
    grants = one.grants | {AUTHORIZATION_CODE, REFRESH}
    return replace(one, grants=grants, sign_in=SignInTerms(redirect_uris=(CALLBACK,), **terms))


def on_devices(one: Client, **terms: Any) -> Client:
    """A client that people sign in to on devices."""
    grants = one.grants | {DEVICE_CODE, REFRESH}
    return replace(one, grants=grants, sign_in=SignInTerms(redirect_uris=(), **terms))


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

CORP_FOR_PEOPLE = replace(
    CORP, sign_in=SignInThere(client_id="acme", client_secret=None, display="Corp", scopes=("openid",))
)
"""The same, and people sign in through it as well."""

FROM_CORP = PartySelector(issuers=frozenset({"corp-idp"}), kinds=frozenset({"person"}))
FROM_OURS = PartySelector(issuers=frozenset({"actas"}))


def named(*names: str) -> ClientSelector:
    return ClientSelector(names=frozenset(names))


def sells(**bought: str) -> ScopeMap:
    """``sells(any="a b")`` or ``sells(**{"orders:read": "stock:read"})``."""
    table = {key: frozenset(value.split()) for key, value in bought.items() if key != "any"}
    return ScopeMap(bought=table, anyway=frozenset(bought.get("any", "").split()))


DANA_IN_PERSON = PartySelector(
    issuers=frozenset({"corp-idp"}), groups=frozenset({"support-leads"}), required=True
)
HELPDESK_IMPERSONATION = RuleSpec(
    name="helpdesk-impersonation",
    effect="allow",
    kind="administrative_impersonation",
    client=named("helpdesk"),
    actor=DANA_IN_PERSON,
    subject=PartySelector(issuers=frozenset({"actas"}), kinds=frozenset({"person"})),
    apis=frozenset({"orders"}),
    scopes=sells(any="orders:read"),
    lifetime=600,
)
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


TICKETS = "https://auth.tickets.example"
TICKETS_API = "https://api.tickets.example"


def connection(name: str = "web-to-tickets", *, client: str = "web", **changes: Any) -> Connection:
    """A connection to another company's tickets, for the people of ours who are in ``support``.

    Args:
        changes: of the connection, or of where it leads.
    """
    there = {one: changes.pop(one) for one in [*changes] if one in Abroad.__dataclass_fields__}
    to = Abroad(connection=name, issuer=TICKETS, client_id=f"acme-{client}", resources=(TICKETS_API,))
    terms: dict[str, Any] = {
        "people": Connected(issuers=frozenset({"actas"}), groups=frozenset({"support"})),
        "scopes": {"tickets:read": "tickets:read", "tickets:comment": "tickets:comment"},
        **changes,
    }
    return Connection(client=client, to=replace(to, **there), **terms)


GRANTING = replace(CORP, accepts=CORP.accepts | {ID_JAG})
"""The company's identity provider, whose grants are redeemed here as well."""

REDEEMERS = tuple(
    replace(one, grants=one.grants | {JWT_BEARER}) if one.auth.method != "none" else one for one in CLIENTS
)
"""The clients, each of which may redeem grants."""


def acceptance(name: str = "web-from-corp", **changes: Any) -> Acceptance:
    """A connection by which web redeems grants of the company's identity provider for orders."""
    terms: dict[str, Any] = {
        "issuer": "corp-idp",
        "client": "web",
        "api": "orders",
        "scopes": frozenset({"orders:read", "orders:write"}),
        "match": "email",
    }
    return Acceptance(name=name, **{**terms, **changes})
