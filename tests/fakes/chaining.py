"""Identity chaining in its general form: a house that gives plain grants, one that redeems them, and such grants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from actas.core.abroad import Acceptance
from actas.core.wire import ACCESS_TOKEN, GRANT_JWT, ID_TOKEN, JWT, JWT_GRANT, REFRESH_TOKEN
from actas.crypto import jose
from actas.exchange import Answer
from actas.policy.connections import Connected, Connection
from actas.policy.rule import ScopeMap
from tests.fakes.clock import FixedClock
from tests.fakes.company import CORP, PEOPLE, REDEEMERS, TICKETS, acceptance, connection
from tests.fakes.crossing import APPS
from tests.fakes.house import ISSUER, NOW, House

SOLD: Final = ScopeMap(
    bought={"orders:read": frozenset({"tickets:read"}), "orders:write": frozenset({"tickets:comment"})},
    signed_in=frozenset({"tickets:read"}),
)
"""What scopes of orders buy at the tickets of another company, and what an ID token does."""

SHOWN: Final = frozenset({ACCESS_TOKEN, ID_TOKEN, REFRESH_TOKEN})
"""What shows people of ours, where a connection says nothing else."""

PEOPLE_OF_OURS: Final = Connected(issuers=frozenset({"actas"}), token_types=SHOWN)


def plain(name: str = "web-to-tickets", *, client: str = "web", **changes: Any) -> Connection:
    """A connection by which a client has plain grants for another company's server."""
    terms: dict[str, Any] = {
        "grant": "jwt",
        "resources": (),
        "tells_email": False,
        "people": PEOPLE_OF_OURS,
        "sold": SOLD,
        **changes,
    }
    return connection(name, client=client, **terms)


def chaining(*connections: Connection, **changes: Any) -> House:
    """A house that gives plain grants."""
    base: dict[str, Any] = {"clients": APPS, "people": PEOPLE, "connections": connections or (plain(),)}
    return House(**{**base, **changes})


def held(it: House, client: str = "web", **claims: Any) -> str:
    """An access token of ours that a client got for alice, for orders."""
    usual = {"sub": "actas:alice", "client_id": client, "act": None}
    return it.our_token(**{**usual, **claims})


def asking(it: House, token: str | None = None, who: str = "web", **parameters: Any) -> dict[str, Any]:
    """The form by which a client asks for a plain grant; without a token, with its own for alice."""
    asked = {"requested_token_type": str(JWT), "audience": TICKETS, **parameters}
    return it.form(who, held(it, who) if token is None else token, **asked)


async def given(
    it: House, token: str | None = None, who: str = "web", *, proofs: Sequence[str] = (), **parameters: Any
) -> Answer:
    """Ask for a plain grant."""
    return await it.post(asking(it, token, who, **parameters), proofs=proofs)


async def told(it: House, token: str | None = None, who: str = "web", **how: Any) -> dict[str, Any]:
    """The claims of the grant that somebody gets."""
    return read(it, str((await given(it, token, who, **how)).body["access_token"]))


def read(it: House, grant: str) -> dict[str, Any]:
    """The claims of a plain grant, verified as the other server does: by the key that is published for it."""
    jws = jose.parse(grant)
    assert jws.unverified_kid is not None
    key = it.ring.public_key(jws.unverified_kid, purpose="grant")
    assert key is not None
    types = frozenset[str | None]({GRANT_JWT})
    return dict(jose.verify(jws, key=key, types=types, issuer=ISSUER, now=it.clock.now()))


PARTNER: Final = replace(CORP, accepts=CORP.accepts | {JWT_GRANT})
"""The company's identity provider, whose plain grants are redeemed here."""


def chained(name: str = "web-from-corp", **changes: Any) -> Acceptance:
    """A connection by which web redeems plain grants of the company's identity provider for orders."""
    return acceptance(name, **{"grant": "jwt", **changes})


def redeeming(*accepted: Acceptance, **changes: Any) -> House:
    """A house that redeems plain grants."""
    base: dict[str, Any] = {
        "issuers": (PARTNER,),
        "clients": REDEEMERS,
        "people": PEOPLE,
        "accepted": accepted or (chained(),),
        "clock": FixedClock(NOW),
    }
    return House(**{**base, **changes})


def grant(it: House, user: str = "alice", *, typ: str = GRANT_JWT, **claims: Any) -> str:
    """A plain grant of the company's identity provider: for web, to redeem here."""
    return it.grant(user, typ=typ, **claims)
