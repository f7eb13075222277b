"""An app that is told when a session ends, in process, on a real socket, and judged by a library of others.

What arrives is read by joserfc with the keys that are published, and held to OpenID Connect Back-Channel
Logout 1.0 section 2.6.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import KeySet

from actas.core.ports import Answer, FetchFailed
from actas.issuers.logout_token import LogoutTokenIssuer
from actas.signin.telling import Telling
from actas.subjects.live import LiveParties
from tests.fakes.house import ISSUER, House
from tests.fakes.listening import Listening, Reply

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TOLD_AT = "https://web.acme.example/left?from=actas"


def claims_of_logout(
    body: bytes, keys: Mapping[str, Any], *, issuer: str, client: str, now: float
) -> dict[str, Any]:
    """The claims of a logout token that came as the body of a form, once it is proven as an app must prove it.

    Args:
        keys: the key set of the issuer.
        client: for whom it must be.
        now: seconds since the epoch.
    """
    form = parse_qs(body.decode("ascii"), strict_parsing=True)
    assert list(form) == ["logout_token"]
    (token,) = form["logout_token"]
    known = KeySet.import_key_set({"keys": [dict(one) for one in keys["keys"]]})
    read = jwt.decode(token, known, algorithms=["RS256", "ES256", "EdDSA"])
    assert read.header["typ"] == "logout+jwt"
    registry = jwt.JWTClaimsRegistry(
        now=int(now),
        leeway=5,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
        sub={"essential": True},
        sid={"essential": True},
        events={"essential": True},
    )
    registry.validate(read.claims)
    assert read.claims["events"] == {EVENT: {}}
    assert "nonce" not in read.claims
    assert read.claims["exp"] - read.claims["iat"] == 120
    return dict(read.claims)


@dataclass
class ScriptedPost:
    """Implements ``core.ports.Post``.

    Attributes:
        answers: by address, what is answered, or raised; the last one again and again. Else 200.
        sent: address, body and headers of everything that was sent.
        gates: addresses that answer nothing before the event is set.
    """

    answers: dict[str, list[int | Exception]] = field(default_factory=dict[str, list[int | Exception]])
    sent: list[tuple[str, bytes, Mapping[str, str]]] = field(
        default_factory=list[tuple[str, bytes, Mapping[str, str]]]
    )
    gates: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], within: float | None = None
    ) -> Answer:
        assert within is not None
        self.sent.append((url, body, headers))
        if url in self.gates:
            await self.gates[url].wait()
        listed = self.answers.get(url, [200])
        answer = listed.pop(0) if len(listed) > 1 else listed[0]
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer, b"")

    def fail(self, url: str, *answers: int | str) -> None:
        """Have an address answer so, in turn; a sentence says why it does not."""
        self.answers[url] = [FetchFailed(one) if isinstance(one, str) else one for one in answers]


def telling(house: House, post: Any, **changes: Any) -> Telling:
    """What tells the apps of a house."""

    def live() -> LiveParties:
        catalog = house.catalog
        return LiveParties(issuer=ISSUER, clients=catalog, trust=catalog, people=catalog)

    known: dict[str, Any] = {
        "issuer": ISSUER,
        "store": house.apps,
        "tokens": LogoutTokenIssuer(issuer=ISSUER, keys=house.ring, chance=house.chance, clock=house.clock),
        "post": post,
        "registered": lambda: house.catalog,
        "live": live,
        "note": house.minutes.note,
        "clock": house.clock,
        "meter": house.meter,
    }
    return Telling(**{**known, **changes})


async def look(told: Telling) -> None:
    """One look, and everything that it began."""
    await told.look()
    await told.settled()


class AppOnASocket(Listening):
    """The far end of ``backchannel_logout_uri``.

    Attributes:
        bodies: what was sent to it, in order.
        answer: says which status a body is answered with; None hangs up.
        hangs: while it is set, nothing is answered.
    """

    def __init__(self) -> None:
        super().__init__("/left")
        self.bodies: list[bytes] = []
        self.answer: Callable[[bytes], int | None] = lambda _: 200
        self.let_go = threading.Event()
        self.let_go.set()

    def posted(self, headers: Mapping[str, str], body: bytes) -> Reply:
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        self.bodies.append(body)
        self.let_go.wait(60)
        status = self.answer(body)
        return None if status is None else (status, {})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go.set()
        super().__exit__(kind, error, trace)
