"""The company that is measured: its configuration, and requests with distinct subject tokens.

The service ``orders`` holds a token that the agent ``assistant`` got for a person and exchanges it for one to
``inventory``: a delegation with a scope map, an applicable deny and a chain of two. The grown company has the
same exchange among 100,000 clients and 10,000 rules, asked for by thousands of services.
"""

from __future__ import annotations

import dataclasses
import itertools
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote_plus

from actas.app.foundation import Foundation
from actas.core.client import Client, ClientAuth
from actas.core.ports import Json
from actas.core.target import Api
from actas.core.wire import ACCESS_TOKEN, AT_JWT, TOKEN_EXCHANGE
from actas.crypto.passwords import digest_secret, generate_secret
from actas.keys.ring import KeyRing
from actas.policy.rule import ChainSelector, ClientSelector, PartySelector, RuleSpec, ScopeMap
from actas.settings.load import Draft, read
from actas.store.catalog import Catalog

ISSUER: Final = "https://sts.acme.example"
IDP: Final = "https://idp.acme.example"
TOKEN_LIFE: Final = 6 * 3600
"""Seconds that subject tokens live: longer than the longest run."""

GROWN_CLIENTS: Final = 100_000
GROWN_RULES: Final = 10_000
_GROWN_APIS: Final = 1_000
_GROWN_DENIES: Final = 1_000

CONFIGURATION: Final = """\
version: 1
server:
  issuer: {issuer}
  listen: 127.0.0.1:{public}
  management: 127.0.0.1:{management}
  data: data
{database}issuers:
  - name: corp-idp
    type: oidc
    issuer: {idp}
    audiences: [acme-web]
    accepts: [id_token]
apis:
  - name: orders
    audience: https://orders.acme.example
    scopes: {{ "orders:read": Read orders, "orders:write": Change orders }}
  - name: inventory
    audience: https://inventory.acme.example
    scopes: {{ "stock:read": See stock levels, "stock:write": Change stock levels }}
    token: {{ lifetime: 2m }}
clients:
  - name: assistant
    kind: agent
    owner: dana@acme.example
    auth: {{ method: client_secret, secret: {{ env: ASSISTANT_SECRET }} }}
    may_request: {{ apis: [orders] }}
  - name: orders
    kind: service
    api: orders
    auth: {{ method: client_secret, secret: {{ env: ORDERS_SECRET }} }}
    may_request: {{ apis: [inventory] }}
rules:
  - name: orders-to-inventory
    allow: delegation
    client: orders
    subject: {{ from: actas, audience: orders }}
    target: {{ api: inventory }}
    scopes: {{ "orders:read": ["stock:read"], "orders:write": ["stock:write"] }}
    max_depth: 3
  - name: no-agent-writes-stock
    deny: any
    chain: {{ kinds: [agent] }}
    target: {{ api: inventory, scopes: ["stock:write"] }}
    reason: Stock changes need a person at the keyboard.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A service that exchanges.

    Attributes:
        audience: of the subject tokens it holds.
        scope: of the subject tokens it holds.
    """

    name: str
    secret: str
    audience: str = "https://orders.acme.example"
    scope: str = "orders:read orders:write"


@dataclass(slots=True, kw_only=True)
class Company:
    """The company in one folder.

    Attributes:
        public: the port of the protocol.
        management: the port of health.
        database: the URL of the PostgreSQL that keeps everything; None for files.
    """

    folder: Path
    public: int = 0
    management: int = 0
    database: str | None = None
    secrets: Mapping[str, str] = field(
        default_factory=lambda: {
            "ASSISTANT_SECRET": generate_secret(),
            "ORDERS_SECRET": generate_secret(),
        }
    )

    @property
    def path(self) -> Path:
        """The configuration file."""
        return self.folder / "actas.yaml"

    @property
    def asker(self) -> Asker:
        """The service that exchanges."""
        return Asker(name="orders", secret=self.secrets["ORDERS_SECRET"])

    def draft(self) -> Draft:
        """Write the configuration and read it as the server does."""
        text = CONFIGURATION.format(
            issuer=ISSUER,
            idp=IDP,
            public=self.public,
            management=self.management,
            database="" if self.database is None else "  database: { env: ACTAS_DATABASE_URL }\n",
        )
        self.path.write_text(text, encoding="utf-8")
        return read([self.path], dev=True, environ=self.environ)

    @property
    def environ(self) -> dict[str, str]:
        """The variables that the configuration names."""
        database = {} if self.database is None else {"ACTAS_DATABASE_URL": self.database}
        return {**self.secrets, **database}


class Forms:
    """Makes requests, each with a subject token of its own, signed by the server's ring.

    Args:
        askers: who exchanges, in turn.
    """

    def __init__(self, ring: KeyRing, askers: tuple[Asker, ...]) -> None:
        self._ring = ring
        self._askers = itertools.cycle(askers)
        self._people = itertools.count(1)

    async def make(self, count: int) -> list[bytes]:
        """Return ``count`` bodies of requests."""
        return [await self._make(next(self._askers), next(self._people)) for _ in range(count)]

    async def _make(self, asker: Asker, person: int) -> bytes:
        token = await self._ring.sign(_claims(self._ring, asker, person), typ=AT_JWT, purpose="token")
        form = {
            "grant_type": TOKEN_EXCHANGE,
            "client_id": asker.name,
            "client_secret": asker.secret,
            "subject_token": token.reveal(),
            "subject_token_type": ACCESS_TOKEN,
            "audience": "inventory",
            "scope": "stock:read",
        }
        return "&".join(f"{name}={quote_plus(value)}" for name, value in form.items()).encode("ascii")


def _claims(ring: KeyRing, asker: Asker, person: int) -> dict[str, Json]:
    """Return the claims of a token that the assistant got for a person: what the server writes."""
    now = int(time.time())
    token_id, name = secrets.token_urlsafe(16), f"person-{person}@acme.example"
    come_from = (
        *(("token", ISSUER, token_id), ("token", IDP, f"i-{person}")),
        *(("party", ISSUER, name), ("party", IDP, f"a-{person}"), ("party", ISSUER, "assistant")),
    )
    return {
        "iss": ISSUER,
        "aud": asker.audience,
        "sub": name,
        "client_id": "assistant",
        "scope": asker.scope,
        "iat": now,
        "exp": now + TOKEN_LIFE,
        "jti": token_id,
        "lineage": " ".join([str(now), *[ring.mark(*one) for one in come_from]]),
        "txn": secrets.token_urlsafe(16),
        "sub_profile": "user",
        "sub_id": {"format": "iss_sub", "iss": IDP, "sub": f"a-{person}"},
        "act": {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"},
    }


def http_request(body: bytes) -> bytes:
    """Return a request to the token endpoint as its client sends it."""
    return (
        b"POST /token HTTP/1.1\r\nhost: sts.acme.example\r\naccept: application/json\r\n"
        b"content-type: application/x-www-form-urlencoded\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    )


def grown(base: Foundation) -> tuple[Foundation, tuple[Asker, ...]]:
    """Return the same server with a grown catalog, and the services that may exchange in it."""
    definitions = base.definitions
    services = GROWN_RULES - _GROWN_DENIES - len(definitions.rules)
    apis = [
        Api(
            name=f"api-{i}",
            audience=f"https://api-{i}.acme.example",
            scopes={"read": "Read", "write": "Change"},
        )
        for i in range(_GROWN_APIS)
    ]
    askers = tuple(
        Asker(
            name=f"service-{i}",
            secret=generate_secret(),
            audience=apis[i % _GROWN_APIS].audience,
            scope="read write",
        )
        for i in range(services)
    )
    clients = [_client(one, f"api-{i % _GROWN_APIS}", base) for i, one in enumerate(askers)]
    idle = GROWN_CLIENTS - len(clients) - len(definitions.clients)
    clients += [
        _client(Asker(name=f"idle-{i}", secret=generate_secret()), f"api-{i % _GROWN_APIS}", base)
        for i in range(idle)
    ]
    catalog = Catalog(
        clients=[*definitions.clients.values(), *clients],
        apis=[*definitions.apis.values(), *apis],
        issuers=definitions.issuers.values(),
        rules=[*definitions.rules, *map(_allow, range(services)), *map(_deny, range(_GROWN_DENIES))],
        defaults=definitions.defaults,
        digest="grown",
    )
    return dataclasses.replace(base, catalog=catalog), askers


def _client(asker: Asker, api: str, base: Foundation) -> Client:
    digest = digest_secret(asker.secret, pepper=base.ring.secret_pepper)
    return Client(
        name=asker.name,
        kind="service",
        auth=ClientAuth(method="client_secret", secret_digests=(digest,)),
        grants=frozenset({TOKEN_EXCHANGE}),
        api=api,
        apis=frozenset({"inventory", "orders"}),
    )


def _allow(i: int) -> RuleSpec:
    return RuleSpec(
        name=f"service-{i}-to-inventory",
        effect="allow",
        kind="delegation",
        client=ClientSelector(names=frozenset({f"service-{i}"})),
        subject=PartySelector(issuers=frozenset({"actas"}), audiences=frozenset({f"api-{i % _GROWN_APIS}"})),
        apis=frozenset({"inventory"}),
        scopes=ScopeMap(bought={"read": frozenset({"stock:read"}), "write": frozenset({"stock:write"})}),
        max_depth=3,
    )


def _deny(i: int) -> RuleSpec:
    """One service may not change stock for agents: as the company's own deny, said once more."""
    return RuleSpec(
        name=f"no-agent-writes-through-{i}",
        effect="deny",
        kind="any",
        client=ClientSelector(names=frozenset({f"service-{i}"})),
        chain=ChainSelector(kinds=frozenset({"agent"})),
        apis=frozenset({"inventory"}),
        denied_scopes=frozenset({"stock:write"}),
        reason="Stock changes need a person at the keyboard.",
    )
