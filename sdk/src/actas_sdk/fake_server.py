"""A server in memory: discovery, keys, the token endpoint and the feed of what was revoked, as far as a
client can tell.

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
from actas_sdk.dpop import digest, members_of, thumbprint
from actas_sdk.fake_refusals import CODES, refused
from actas_sdk.flow import World
from actas_sdk.jws import encode, parse, said_by
from actas_sdk.refreshing import REFRESH_TOKEN
from actas_sdk.requests import ACCESS_TOKEN
from actas_sdk.strict_json import Json, JsonObject
from actas_sdk.token import Token

__all__ = ["Asked", "FakeServer", "lineage"]

_SIGNED: Final = "token-introspection+jwt"
_TOLD: Final = frozenset(
    ("scope", "client_id", "exp", "iat", "nbf", "sub", "aud", "iss", "jti", "act", "cnf", "sub_profile")
)
"""What is told of an active token."""

_LIFE: Final = 120
_IDLE: Final = 3600
_KID: Final = "made-for-the-test"


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
        self._revoked: list[dict[str, str | int]] = []
        self._begun: dict[str, dict[str, str]] = {}

    def sign(self, claims: Mapping[str, Json]) -> str:
        """Return an access token with these claims (RFC 9068), remembered as one of ours."""
        token = encode(claims, header={"alg": "ES256", "typ": "at+jwt", "kid": _KID}, key=self._key)
        self._signed[token] = dict(claims)
        return token

    def refer_to(self, claims: Mapping[str, Json]) -> str:
        """Return a reference token for these claims: a text that means nothing."""
        token = f"actas_ref_{self._world.new_id()}"
        self._signed[token] = dict(claims)
        return token

    def jti_of(self, token: str) -> str:
        """Return the name of a token of ours."""
        return str(self._signed[token]["jti"])

    def refuse(self, reason: str | None) -> None:
        """Refuse every request from now on with ``reason``, or none any more.

        Raises:
            ValueError: there is no such reason.
        """
        if reason is not None and reason not in CODES:
            raise ValueError(f"the reasons are {', '.join(CODES)}")
        self.refusal = reason

    def revoke(self, kind: str, name: str, *, up_to: int) -> None:
        """Revoke a token, by its ``jti``, or a party, by its name, as far as issued until ``up_to``."""
        until = max([_instant(claims, "exp") for claims in self._signed.values()], default=up_to)
        self._revoked.append({"mark": mark(kind, name), "up_to": up_to, "until": until})

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
        if url == f"{self._base}/introspect" and request.method == "POST":
            return self._introspect(request)
        if url == f"{self._base}/revocations" and request.method == "POST":
            return self._feed(request)
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
            "introspection_endpoint": f"{self._base}/introspect",
            "actas_revocation_feed": f"{self._base}/revocations",
            "response_types_supported": [],
        }

    def _feed(self, request: httpx2.Request) -> httpx2.Response:
        after = int(dict(parse_qsl(request.content.decode("ascii"))).get("after", "0"))
        told = {"revoked": self._revoked[after:], "last": len(self._revoked), "more": False, "age": 0}
        return httpx2.Response(200, json=told, headers={"Cache-Control": "no-store"})

    def _introspect(self, request: httpx2.Request) -> httpx2.Response:
        form = dict(parse_qsl(request.content.decode("ascii")))
        claims = self._signed.get(form["token"], {})
        said: JsonObject = {"active": False}
        if self._unfit(claims) is None:
            kind = "DPoP" if "cnf" in claims else "Bearer"
            said = {
                "active": True,
                "token_type": kind,
                **{name: claims[name] for name in _TOLD & claims.keys()},
            }
        if _SIGNED not in request.headers.get("accept", ""):
            return httpx2.Response(200, json=said, headers={"Cache-Control": "no-store"})
        answer: JsonObject = {
            "iss": self.issuer,
            "aud": _client_id(request, form),
            "iat": int(self._world.now()),
            "token_introspection": said,
        }
        jws = encode(answer, header={"alg": "ES256", "typ": _SIGNED, "kid": _KID}, key=self._key)
        return httpx2.Response(200, text=jws, headers={"Content-Type": f"application/{_SIGNED}"})

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        form = dict(parse_qsl(request.content.decode("ascii"), strict_parsing=True))
        begun = self._begun.pop(form.get("refresh_token", ""), None)
        spent = "refresh_reused" if begun is None and "refresh_token" in form else None
        form = {**(begun or {}), **form}
        subject_token = form.get("subject_token")
        subject = None if subject_token is None else self._signed.get(subject_token, {})
        refusal = self.refusal or spent or (self._unfit(subject) if begun is None else self._ended(subject))
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
            return refused(refusal, entry=f"x_TEST{len(self.asked)}")
        if begun is None and form.get("requested_token_type") == REFRESH_TOKEN:
            return httpx2.Response(200, json=self._kept_for(form), headers={"Cache-Control": "no-store"})
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
        if begun is not None:
            body["refresh_token"] = str(self._kept_for(begun)["access_token"])
        return httpx2.Response(200, json=body, headers={"Cache-Control": "no-store"})

    def _kept_for(self, form: dict[str, str]) -> dict[str, str | int]:
        """Return a refresh token that stands for an exchange."""
        text = f"actas_rft_{self._world.new_id()}"
        self._begun[text] = form
        said = {"access_token": text, "issued_token_type": REFRESH_TOKEN, "token_type": "N_A"}
        return {**said, "expires_in": _IDLE, "scope": form.get("scope", "")}

    def _unfit(self, subject: Mapping[str, Json] | None) -> str | None:
        """Return why the subject token is not acceptable, if it is not."""
        if subject is None:
            return None
        expires_at = subject.get("exp")
        if not isinstance(expires_at, int):
            return "bad_subject"
        if expires_at <= self._world.now():
            return "expired"
        return self._ended(subject)

    def _ended(self, subject: Mapping[str, Json] | None) -> str | None:
        """Return that the subject token was revoked, if it was."""
        since, *marks = str((subject or {}).get("lineage", "0")).split(" ")
        dead = any(one["mark"] in marks and int(since) <= int(one["up_to"]) for one in self._revoked)
        return "revoked" if dead else None

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
        before = "" if subject is None else str(subject.get("lineage", ""))
        claims["lineage"] = lineage(
            before, ("token", str(claims["jti"])), ("party", asked.client_id), since=now
        )
        if subject is None:
            return {**claims, **me}
        act: JsonObject = {"iss": self.issuer, **me}
        if "act" in subject:
            act["act"] = subject["act"]
        kept = {name: subject[name] for name in ("sub", "sub_profile") if name in subject}
        return {**claims, **kept, "act": act}


def mark(kind: str, name: str) -> str:
    """Return the mark of a token or a party."""
    return digest(f"{kind} {name}".encode())[:12]


def lineage(before: str, *things: tuple[str, str], since: int) -> str:
    """Return the claim of a token.

    Args:
        before: that of the token it is made from, or nothing.
        things: what it is besides, and who has a part in it: kind and name.
        since: when it is made; counts when nothing is older.
    """
    begun, *marks = before.split(" ") if before else (str(since),)
    found = dict.fromkeys([*marks, *(mark(kind, name) for kind, name in things)])
    return f"{begun} {' '.join(found)}"


def _instant(claims: Mapping[str, Json], name: str) -> int:
    value = claims.get(name)
    return value if isinstance(value, int) else 0


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
