"""Two servers to script: ours, which gives grants (ID-JAG), and another, which takes each of them once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import httpx2
from joserfc import jws
from joserfc.jwk import ECKey
from sdk.tests.support import ISSUER, METADATA, NOW, Script, StillWorld

from actas_sdk import Actas, ClientSecret, Grant, Token, sync
from actas_sdk.jws import parse, said_by

THERE = "https://auth.tickets.example"
API = "https://api.tickets.example"
OURS, THEIRS = f"{ISSUER}/token", f"{THERE}/token"
WELL_KNOWN = f"{THERE}/.well-known/oauth-authorization-server"
DETAILS = "authorization_details"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
SECRET_THERE = ClientSecret(client_id="acme-desk", secret="only-for-there")
Client = Actas | sync.Actas


def said(answer: Mapping[str, Any], status: int = 200, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json=answer, headers=headers)


def form_of(request: httpx2.Request) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(request.content.decode()).items()}


def key_of(request: httpx2.Request) -> str | None:
    """The thumbprint of the key that a request proves, as the server finds it."""
    if "dpop" not in request.headers:
        return None
    jwk: Any = parse(request.headers["dpop"], brings_key=True).unverified_header["jwk"]
    return ECKey.import_key(jwk).thumbprint()


class TwoServers:
    """What both are asked is in `script`; a test changes what they answer.

    Attributes:
        changed: claims of the grant that are other than they should be; None removes one.
        told: members of answers that are other than they should be, by the address; None removes one.
        settings: of the clients that are made.
        nonce: a nonce that the other server wants to see, or None.
    """

    def __init__(self, still: StillWorld) -> None:
        self.still = still
        self.key = ECKey.generate_key("P-256")
        self.changed: dict[str, Any] = {}
        self.told: dict[str, dict[str, Any]] = {OURS: {}, THEIRS: {}}
        self.typ = "oauth-id-jag+jwt"
        self.nonce: str | None = None
        self.used: list[str] = []
        self.settings: dict[str, Any] = {"client_id": "desk", "client_secret": "s3cr3t"}
        self.script = Script(
            {
                f"{ISSUER}/.well-known/oauth-authorization-server": said(METADATA),
                WELL_KNOWN: said({"issuer": THERE, "token_endpoint": THEIRS}),
                OURS: self.grant,
                THEIRS: self.redeem,
            }
        )

    def client(self, kind: str, **more: Any) -> Client:
        settings = {**self.settings, "world": self.still.world(), **more}
        if kind == "async":
            return Actas(ISSUER, http=self.script.async_client(), **settings)
        return sync.Actas(ISSUER, http=self.script.client(), **settings)

    def forms(self, url: str) -> list[dict[str, str]]:
        return [form_of(each) for each in self.script.seen if str(each.url) == url]

    def grant(self, request: httpx2.Request) -> httpx2.Response:
        form, key = form_of(request), key_of(request)
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": "alice",
            "aud": form["audience"],
            "client_id": "acme-desk",
            "jti": f"j-{len(self.script.seen)}",
            "iat": int(NOW),
            "exp": int(NOW) + 120,
            **({} if key is None else {"cnf": {"jkt": key}}),
            **({DETAILS: json.loads(form[DETAILS])} if DETAILS in form else {}),
            **self.changed,
        }
        payload = json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
        registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
        grant = jws.serialize_compact({"alg": "ES256", "typ": self.typ}, payload, self.key, registry=registry)
        answer = {"access_token": grant, "token_type": "N_A", "expires_in": 120}
        return said({**answer, "issued_token_type": form["requested_token_type"], **self.told[OURS]})

    def redeem(self, request: httpx2.Request) -> httpx2.Response:
        assertion = form_of(request)["assertion"]
        if assertion in self.used:
            return said({"error": "invalid_grant", "error_description": "used before"}, 400)
        self.used.append(assertion)
        bound = key_of(request) is not None
        if bound and self.nonce is not None:
            proof = parse(request.headers["dpop"], brings_key=True)
            if json.loads(proof.unverified_payload).get("nonce") != self.nonce:
                return said({"error": "use_dpop_nonce"}, 400, **{"DPoP-Nonce": self.nonce})
        answer = {"access_token": f"t{len(self.used)}", "token_type": "DPoP" if bound else "Bearer"}
        claims = said_by(assertion)
        details = {DETAILS: claims[DETAILS]} if DETAILS in claims else {}
        told = {**answer, "expires_in": 600, "scope": "tickets:read", **details, **self.told[THEIRS]}
        return said({name: value for name, value in told.items() if value is not None})


def cross(client: Client, whom: str | Token | None = "alice-id-token", **more: Any) -> Token:
    """Ask for a token, whichever client it is."""
    asked = {"to": THERE, "resource": API, "scopes": ["tickets:read"], "there": SECRET_THERE, **more}
    if isinstance(client, sync.Actas):
        return client.cross_app(whom, **asked)
    return asyncio.run(client.cross_app(whom, **asked))


def grant(client: Client, whom: str | Token | None = "alice-id-token", **more: Any) -> Grant:
    """Ask for a grant, whichever client it is."""
    asked = {"to": THERE, "resource": API, "scopes": ["tickets:read"], "client_id": "acme-desk", **more}
    if isinstance(client, sync.Actas):
        return client.grant(whom, **asked)
    return asyncio.run(client.grant(whom, **asked))
