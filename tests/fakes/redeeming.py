"""Another domain's server that redeems grants for tokens of its own: it answers what a test wants, and remembers.

And connections of a house that redeem there for a client.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import pytest

from actas.core.errors import InvalidTarget, OAuthError
from actas.core.ports import Answer, FetchFailed
from actas.core.reasons import Reason
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, JWT_BEARER
from actas.exchange import Answer as Given
from actas.issuers.client_assertion import ShowsWhoWeAre
from actas.kinds.redeeming import RedeemsForClients
from actas.policy.connections import Connection
from actas.trust.counterpart import Counterpart
from actas.trust.redeemers import Redeemers
from actas.trust.registry import AsClient
from tests.fakes.company import TICKETS, TICKETS_API, connection

if TYPE_CHECKING:
    from tests.fakes.house import House

ENDPOINT: Final = f"{TICKETS}/token"
SECRET: Final = "what-tickets-gave-acme-canary: with % and +"
TOKEN: Final = "their-token-canary.0123456789"
CAME: Final = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 120, "scope": "tickets:read"}
OURSELVES: Final = AsClient(client_id="acme-actas", secret=Secret(SECRET))


@dataclass
class TheirServer:
    """A server that redeems grants, without a socket.

    Attributes:
        answer: what its token endpoint says; an exception is raised instead.
        says: what it says of itself that differs; an exception is raised instead.
        sent: what it was sent: the address, the form and the headers of each request.
        meanwhile: done while it takes its time; ``looked_for`` while it is asked what it is.
        gone: why what was permitted would not be any more; None when it would.
        asked: how often it was asked what it is.
    """

    answer: Answer | FetchFailed = field(default_factory=lambda: answered(CAME))
    says: Mapping[str, Any] | FetchFailed = field(default_factory=dict[str, Any])
    sent: list[tuple[str, dict[str, str], Mapping[str, str]]] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    looked_for: Callable[[], None] = lambda: None
    gone: Reason | None = None
    asked: int = 0

    async def describe(self, issuer: str) -> Counterpart:
        self.asked += 1
        self.looked_for()
        if isinstance(self.says, FetchFailed):
            raise self.says
        usual: dict[str, Any] = {
            "address": f"{issuer}/.well-known/oauth-authorization-server",
            "token_endpoint": ENDPOINT,
            "grants": frozenset({str(JWT_BEARER)}),
            "profiles": frozenset(),
            "requested": frozenset(),
            "ahead": None,
        }
        return Counterpart(**{**usual, **self.says})

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], within: float | None = None
    ) -> Answer:
        assert within is None, "a request waits for it"
        self.sent.append((url, dict(parse_qsl(body.decode(), strict_parsing=True)), headers))
        self.meanwhile()
        if isinstance(self.answer, FetchFailed):
            raise self.answer
        return self.answer

    def end(self, why: Reason) -> None:
        """Let what was permitted not be so any more."""
        self.gone = why

    @property
    def grant(self) -> str:
        """The last grant that it got."""
        return self.sent[-1][1]["assertion"]


def answered(document: Any, status: int = 200) -> Answer:
    """An answer of its token endpoint."""
    return Answer(status, document if isinstance(document, bytes) else json.dumps(document).encode())


def redeeming_of(it: House) -> RedeemsForClients:
    """What redeems grants for the clients of a house."""

    def holds(permit: Any) -> None:
        if it.there.gone is not None:
            raise InvalidTarget(it.there.gone, detail="while the other server was asked")

    return RedeemsForClients(
        servers=Redeemers(it.there, it.clock),
        connections=it.catalog.connections,
        post=it.there,
        showing=ShowsWhoWeAre(ring=it.ring, chance=it.chance, clock=it.clock),
        holds=holds,
        digest=it.ring.digest,
        audit=it.minutes,
        settled=it.minutes.settled,
        meter=it.meter,
    )


def standing_in(name: str = "web-to-tickets", *, client: str = "web", **changes: Any) -> Connection:
    """A connection by which we redeem at the tickets' server for a client that has no name there."""
    terms: dict[str, Any] = {"redeems": True, "ourselves": OURSELVES, "client_id": "acme-actas", **changes}
    return connection(name, client=client, **terms)


def wish(it: House, token: str | None = None, who: str = "web", **parameters: Any) -> dict[str, Any]:
    """The form by which a client asks for a token of the tickets' server; for alice, who signed in to it."""
    asked: dict[str, Any] = {
        "subject_token_type": str(ID_TOKEN),
        "requested_token_type": str(ACCESS_TOKEN),
        "resource": TICKETS_API,
        "scope": "tickets:read",
        **parameters,
    }
    return it.form(who, it.our_id_token(aud=who) if token is None else token, **asked)


async def handed_on(it: House, **how: Any) -> Given:
    """Ask for a token of the tickets' server."""
    proofs = how.pop("proofs", ())
    return await it.post(wish(it, **how), proofs=proofs)


async def not_handed_on(
    it: House, form: dict[str, Any] | None = None, *, proofs: Sequence[str] = ()
) -> OAuthError:
    """The refusal of what came of a grant, which is in the minutes after the grant; getting it is a failure."""
    before = len(it.writer.events)
    with pytest.raises(OAuthError) as caught:
        await it.post(wish(it) if form is None else form, proofs=proofs)
    given, after = it.writer.events[before:]
    assert (given["event"], after["event"]) == ("exchange:granted", "abroad:refused")
    assert (after["reason"], after["error"]) == (caught.value.reason, caught.value.code)
    assert (after["id"], after["redeemed"]["entry"]) == (caught.value.entry, given["id"])
    return caught.value
