"""A server in memory: discovery, keys and the token endpoint, as far as a client can tell.

It has no policy: it grants what is asked unless it was told to refuse. Left to `testing`: how a test
uses it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import parse_qsl, unquote_plus

import httpx2
from joserfc.jwk import ECKey

from actas_sdk.address import well_known
from actas_sdk.dpop import members_of, thumbprint
from actas_sdk.flow import World
from actas_sdk.jws import encode, parse, said_by
from actas_sdk.requests import ACCESS_TOKEN
from actas_sdk.strict_json import Json, JsonObject
from actas_sdk.token import Token

__all__ = ["Asked", "FakeServer"]

_LIFE: Final = 120
_KID: Final = "made-for-the-test"
_CODES: Final[dict[str, str]] = {
    "malformed_request": "invalid_request",
    "unknown_grant": "unsupported_grant_type",
    "bad_client_auth": "invalid_client",
    "client_may_not_exchange": "unauthorized_client",
    "unknown_profile": "invalid_request",
    "bad_subject": "invalid_request",
    "bad_actor": "invalid_request",
    "expired": "invalid_request",
    "revoked": "invalid_request",
    "wrong_audience": "invalid_request",
    "unknown_target": "invalid_target",
    "no_rule": "invalid_target",
    "denied_by_rule": "invalid_scope",
    "excess": "invalid_scope",
    "chain_too_deep": "invalid_request",
    "actor_not_allowed": "invalid_request",
    "bad_proof": "invalid_dpop_proof",
    "binding_needed": "invalid_dpop_proof",
    "key_not_proven": "invalid_request",
    "audit_unavailable": "temporarily_unavailable",
    "storage_unavailable": "temporarily_unavailable",
    "upstream_down": "temporarily_unavailable",
    "overloaded": "temporarily_unavailable",
    "too_many_failures": "temporarily_unavailable",
    "rate_limited": "temporarily_unavailable",
    "internal": "server_error",
}
_STATUSES: Final = {
    "invalid_client": 401,
    "temporarily_unavailable": 503,
    "server_error": 500,
    "too_many_failures": 429,
    "rate_limited": 429,
}
"""What is not answered with 400, by reason or by code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request for a token, as the server saw it.

    Attributes:
        client_id: who asked.
        subject: for whom, or None when the service asked for itself.
        subject_token: the token it acted with, or None.
        to: the API.
        scopes: what it asked for.
        granted: whether it got it.
    """

    client_id: str
    subject: str | None
    subject_token: Token | None
    to: str
    scopes: frozenset[str]
    granted: bool


class FakeServer:
    """Answers like a server, from memory.

    Attributes:
        issuer: the issuer it answers as.
        asked: every request for a token, oldest first.
        refusal: the reason it refuses every request with, or None.
        down_for: seconds it asks everybody to wait, or None while it is up.
    """

    def __init__(self, issuer: str, *, world: World) -> None:
        self.issuer = issuer
        self.asked: list[Asked] = []
        self.refusal: str | None = None
        self.down_for: int | None = None
        self._world = world
        self._key = ECKey.generate_key("P-256")
        self._signed: dict[str, JsonObject] = {}

    def sign(self, claims: Mapping[str, Json]) -> str:
        """Return an access token with these claims (RFC 9068), remembered as one of ours."""
        token = encode(claims, header={"alg": "ES256", "typ": "at+jwt", "kid": _KID}, key=self._key)
        self._signed[token] = dict(claims)
        return token

    def refuse(self, reason: str | None) -> None:
        """Refuse every request from now on with ``reason``, or none any more.

        Raises:
            ValueError: there is no such reason.
        """
        if reason is not None and reason not in _CODES:
            raise ValueError(f"the reasons are {', '.join(_CODES)}")
        self.refusal = reason

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer to one request."""
        if self.down_for is not None:
            return httpx2.Response(503, headers={"Retry-After": str(self.down_for)})
        url = str(request.url)
        if url in well_known(self.issuer):
            return httpx2.Response(200, json=self._metadata())
        if url == f"{self._base}/jwks":
            public = self._key.as_dict(private=False, kid=_KID, alg="ES256", use="sig")
            return httpx2.Response(200, json={"keys": [public]})
        if url == f"{self._base}/token" and request.method == "POST":
            return self._token(request)
        return httpx2.Response(404)

    @property
    def _base(self) -> str:
        return self.issuer.rstrip("/")

    def _metadata(self) -> dict[str, str | list[str]]:
        return {
            "issuer": self.issuer,
            "token_endpoint": f"{self._base}/token",
            "jwks_uri": f"{self._base}/jwks",
            "response_types_supported": [],
        }

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        form = dict(parse_qsl(request.content.decode("ascii"), strict_parsing=True))
        subject_token = form.get("subject_token")
        subject = None if subject_token is None else self._signed.get(subject_token, {})
        refusal = self.refusal or self._unfit(subject)
        to = form.get("resource") or form.get("audience", "")
        asked = Asked(
            client_id=_client_id(request, form),
            subject=None if subject is None else str(subject.get("sub", "")),
            subject_token=None if subject_token is None else Token(subject_token, audience=""),
            to=to,
            scopes=frozenset(form.get("scope", "").split()),
            granted=refusal is None,
        )
        self.asked.append(asked)
        if refusal is not None:
            return _refused(refusal, entry=f"x_TEST{len(self.asked)}")
        jkt = _jkt(request)
        bound: JsonObject = {} if jkt is None else {"cnf": {"jkt": jkt}}
        token = self.sign({**self._claims(asked, subject=subject), **bound})
        body: dict[str, str | int] = {
            "access_token": token,
            "token_type": "Bearer" if jkt is None else "DPoP",
            "expires_in": _LIFE,
            "scope": form.get("scope", ""),
        }
        if subject is not None:
            body["issued_token_type"] = ACCESS_TOKEN
        return httpx2.Response(200, json=body, headers={"Cache-Control": "no-store"})

    def _unfit(self, subject: Mapping[str, Json] | None) -> str | None:
        """Return why the subject token is not acceptable, if it is not."""
        if subject is None:
            return None
        expires_at = subject.get("exp")
        if not isinstance(expires_at, int):
            return "bad_subject"
        return "expired" if expires_at <= self._world.now() else None

    def _claims(self, asked: Asked, *, subject: Mapping[str, Json] | None) -> JsonObject:
        now = int(self._world.now())
        claims: JsonObject = {
            "iss": self.issuer,
            "aud": asked.to,
            "client_id": asked.client_id,
            "scope": " ".join(sorted(asked.scopes)),
            "iat": now,
            "exp": now + _LIFE,
            "jti": self._world.new_id(),
        }
        me: JsonObject = {"sub": asked.client_id, "sub_profile": "service"}
        if subject is None:
            return {**claims, **me}
        act: JsonObject = {"iss": self.issuer, **me}
        if "act" in subject:
            act["act"] = subject["act"]
        kept = {name: subject[name] for name in ("sub", "sub_profile") if name in subject}
        return {**claims, **kept, "act": act}


def _client_id(request: httpx2.Request, form: Mapping[str, str]) -> str:
    """Return who asks: by an assertion, by name alone over mutual TLS, or by HTTP Basic. Not checked here."""
    if "client_assertion" in form:
        return str(said_by(form["client_assertion"])["sub"])
    if "client_id" in form:
        return form["client_id"]
    _, _, encoded = request.headers.get("authorization", "").partition(" ")
    return unquote_plus(base64.b64decode(encoded).decode("ascii").partition(":")[0])


def _jkt(request: httpx2.Request) -> str | None:
    """Return the key that a token is to be bound to. Proofs are not checked here."""
    if "dpop" not in request.headers:
        return None
    jwk = parse(request.headers["dpop"], brings_key=True).unverified_header["jwk"]
    return thumbprint(members_of(cast("JsonObject", jwk)))


def _refused(reason: str, *, entry: str) -> httpx2.Response:
    code = _CODES[reason]
    body = {
        "error": code,
        "error_description": f"Refused by the test: {reason}.",
        "error_uri": f"https://docs.example/errors#{reason}",
    }
    status = _STATUSES.get(reason) or _STATUSES.get(code, 400)
    return httpx2.Response(status, json=body, headers={"Actas-Entry": entry})
