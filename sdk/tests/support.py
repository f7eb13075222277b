"""What the SDK's tests share: a clock that stands still, an issuer made by hand, a server to script."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from fastapi import FastAPI
from joserfc import jws
from joserfc.jwk import ECKey

from actas_sdk.fastapi import Protect
from actas_sdk.flow import Answer, Ask, Failure, Flow, Pause, Together, World
from actas_sdk.sync import Caller, Verifier

ISSUER = "https://sts.acme.example"
ORDERS = "https://orders.acme.example"
INVENTORY = "https://inventory.acme.example"
NOW = 1_790_000_000.0
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


@dataclass
class StillWorld:
    """Time that moves when a test says so, and chance that can be foreseen.

    Attributes:
        steady: how far the clock that nobody sets is off from the other one.
    """

    now: float = NOW
    made: int = 0
    steady: float = 0.0

    def world(self) -> World:
        return World(
            now=lambda: self.now,
            monotonic=lambda: self.now + self.steady,
            jitter=lambda: 0.0,
            new_id=self.new_id,
        )

    def new_id(self) -> str:
        self.made += 1
        return f"id-{self.made}"


@dataclass
class Script:
    """A server that answers what it is told to, and remembers what it was asked."""

    answers: dict[str, httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]] = field(
        default_factory=dict
    )
    seen: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        said = self.answers.get(str(request.url), httpx2.Response(404))
        if isinstance(said, Exception):
            raise said
        if isinstance(said, httpx2.Response):
            return httpx2.Response(said.status_code, headers=said.headers, content=said.content)
        return said(request)

    def asked(self, url: str) -> int:
        return sum(str(request.url) == url for request in self.seen)

    def client(self) -> httpx2.Client:
        return httpx2.Client(transport=httpx2.MockTransport(self))

    def async_client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self))


class HandMadeIssuer:
    """An issuer whose tokens are signed by joserfc's own JWS code, not by ours."""

    def __init__(self, *, kid: str = "k1") -> None:
        self.kid = kid
        self.key = ECKey.generate_key("P-256")
        self.script = Script()
        self.publish()

    def publish(self, *keys: Mapping[str, Any]) -> None:
        listed = list(keys) or [self.public()]
        self.script.answers |= {
            f"{ISSUER}/.well-known/oauth-authorization-server": httpx2.Response(200, json=METADATA),
            f"{ISSUER}/jwks": httpx2.Response(200, json={"keys": listed}),
        }

    def public(self) -> dict[str, Any]:
        return {**self.key.as_dict(private=False), "kid": self.kid, "alg": "ES256", "use": "sig"}

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        return self.sign_raw(json.dumps(claims).encode(), **header)

    def sign_raw(self, payload: bytes, **header: Any) -> str:
        said = {"alg": "ES256", "typ": "at+jwt", "kid": self.kid, **header}
        registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
        return jws.serialize_compact(said, payload, self.key, registry=registry)

    def verifier(self, still: StillWorld, *, audience: str = ORDERS, **more: Any) -> Verifier:
        return Verifier(ISSUER, audience=audience, http=self.script.client(), world=still.world(), **more)


METADATA: dict[str, Any] = {
    "issuer": ISSUER,
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
    "response_types_supported": [],
}


def claims(**changed: Any) -> dict[str, Any]:
    """The claims of a good token for orders: alice's, through assistant. None removes a claim."""
    good: dict[str, Any] = {
        "iss": ISSUER,
        "aud": ORDERS,
        "sub": "alice@acme.example",
        "sub_profile": "user",
        "client_id": "assistant",
        "scope": "orders:read orders:write",
        "iat": int(NOW),
        "exp": int(NOW) + 120,
        "jti": "t-1",
        "act": {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"},
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def segment(value: object) -> str:
    """One base64url segment, made by hand."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def present(verifier: Verifier, token: str, *scopes: str) -> Caller:
    """Present a token the way a client does."""
    return verifier.check(
        method="GET", url=f"{ORDERS}/7", headers={"Authorization": f"Bearer {token}"}, scopes=scopes
    )


def who_am_i(protect: Protect, *scopes: str) -> FastAPI:
    """An API that tells everybody who they are."""
    app = FastAPI(lifespan=protect.lifespan)
    allowed = protect(*scopes)

    async def me(caller: Caller = allowed) -> str:
        return caller.subject.id

    app.get("/me")(me)
    return app


def play(flow: Flow[Any], *replies: Answer | Failure) -> tuple[Any, list[Ask], list[float]]:
    """Run a flow against prepared replies. Returns its result, what it asked and how long it paused."""
    waiting, asked, paused = list(replies), list[Ask](), list[float]()
    reply: object = None
    while True:
        try:
            step = flow.send(reply)
        except StopIteration as done:
            return done.value, asked, paused
        if isinstance(step, Ask):
            asked.append(step)
            reply = waiting.pop(0)
        elif isinstance(step, Together):
            inner, more, waited = play(step.flow(), *waiting)
            del waiting[: len(more)]
            asked += more
            paused += waited
            reply = inner
        elif isinstance(step, Pause):
            paused.append(step.seconds)
            reply = None


def answer(status: int = 200, body: object = None, **headers: str) -> Answer:
    """An answer of the token endpoint."""
    return Answer(
        url=f"{ISSUER}/token",
        status=status,
        headers={"content-type": "application/json", **{n.replace("_", "-"): v for n, v in headers.items()}},
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
    )
