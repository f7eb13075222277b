"""A server in memory: discovery, keys, the token endpoint and the feed of what was revoked, as far as a
client can tell.

It has no policy: it grants what is asked unless it was told to refuse. Left to others: what it knows
(`fake_books`), and how a test uses it (`testing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

import httpx2

from actas_sdk.address import well_known
from actas_sdk.details import DETAILS
from actas_sdk.fake_books import FakeBooks, lineage
from actas_sdk.fake_crossing import Agreement, granted, kind_asked, redeemed
from actas_sdk.fake_refusals import refused
from actas_sdk.fake_requests import Asked, client_id_of, jkt_of
from actas_sdk.flow import World
from actas_sdk.granting import REQUESTED, GrantKind
from actas_sdk.refreshing import REFRESH_TOKEN
from actas_sdk.requests import ACCESS_TOKEN
from actas_sdk.strict_json import Json, JsonObject
from actas_sdk.token import Token

__all__ = ["FakeServer"]

_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ID_JAG_PROFILE: Final = "urn:ietf:params:oauth:grant-profile:id-jag"
_SIGNED: Final = "token-introspection+jwt"
_TOLD: Final = frozenset(
    (
        *("scope", "client_id", "exp", "iat", "nbf", "sub", "aud", "iss", "jti", "act", "cnf", "sub_profile"),
        DETAILS,
    )
)
"""What is told of an active token."""

_LIFE: Final = 120
_IDLE: Final = 3600


class FakeServer(FakeBooks):
    """Answers like a server, from memory.

    Args:
        issuer: the issuer it answers as.
        world: time and chance.

    Attributes:
        agreed: for whom it gives grants.
        redeems: of whom it redeems grants, or None.
    """

    def __init__(self, issuer: str, *, world: World) -> None:
        super().__init__(issuer, world=world)
        self.agreed: list[Agreement] = []
        self.redeems: Agreement | None = None
        self._begun: dict[str, dict[str, str]] = {}

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer to one request: to this server, or to one that it has agreed with."""
        url = str(request.url)
        for one in self.agreed:
            if isinstance(one.there, FakeServer) and one.there.serves(url):
                return one.there.answer(request)
        if self.down_for is not None:
            return httpx2.Response(503, headers={"Retry-After": str(self.down_for)})
        if url in well_known(self.issuer):
            return httpx2.Response(200, json=self._metadata())
        if url == f"{self._base}/jwks":
            return httpx2.Response(200, json={"keys": [self.jwk]})
        if url == f"{self._base}/introspect" and request.method == "POST":
            return self._introspect(request)
        if url == f"{self._base}/revocations" and request.method == "POST":
            return self._feed(request)
        if url == f"{self._base}/token" and request.method == "POST":
            return self._token(request)
        return httpx2.Response(404)

    def serves(self, url: str) -> bool:
        """Say whether an address is one of this server."""
        return url in well_known(self.issuer) or url.startswith(f"{self._base}/")

    @property
    def _base(self) -> str:
        return self.issuer.rstrip("/")

    def _metadata(self) -> JsonObject:
        about: JsonObject = {
            "issuer": self.issuer,
            "token_endpoint": f"{self._base}/token",
            "jwks_uri": f"{self._base}/jwks",
            "introspection_endpoint": f"{self._base}/introspect",
            "actas_revocation_feed": f"{self._base}/revocations",
            "response_types_supported": [],
        }
        if self.agreed:
            about["identity_chaining_requested_token_types_supported"] = [
                name for kind, name in REQUESTED.items() if any(one.kind == kind for one in self.agreed)
            ]
        if self.redeems is not None:
            about["grant_types_supported"] = [_JWT_BEARER]
            if self.redeems.kind == "id_jag":  # plain grants are of no profile
                about["authorization_grant_profiles_supported"] = [_ID_JAG_PROFILE]
            # There is nothing, and clients that know OpenID Connect read no metadata without it.
            about["authorization_endpoint"] = f"{self._base}/authorize"
        return about

    def _feed(self, request: httpx2.Request) -> httpx2.Response:
        after = int(dict(parse_qsl(request.content.decode("ascii"))).get("after", "0"))
        told = {"revoked": self.revoked[after:], "last": len(self.revoked), "more": False, "age": 0}
        return httpx2.Response(200, json=told, headers={"Cache-Control": "no-store"})

    def _introspect(self, request: httpx2.Request) -> httpx2.Response:
        form = dict(parse_qsl(request.content.decode("ascii")))
        claims = self.known(form["token"])
        said: JsonObject = {"active": False}
        if self.unfit(claims) is None:
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
            "aud": client_id_of(request, form),
            "iat": int(self.world.now()),
            "token_introspection": said,
        }
        jws = self.sealed(answer, typ=_SIGNED)
        return httpx2.Response(200, text=jws, headers={"Content-Type": f"application/{_SIGNED}"})

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        form = dict(parse_qsl(request.content.decode("ascii"), strict_parsing=True))
        kind = kind_asked(form, self.agreed)
        if form.get("grant_type") == _JWT_BEARER or kind is not None:
            return self._cross(request, form, kind)
        begun = self._begun.pop(form.get("refresh_token", ""), None)
        spent = "refresh_reused" if begun is None and "refresh_token" in form else None
        form = {**(begun or {}), **form}
        subject_token = form.get("subject_token")
        subject = None if subject_token is None else self.known(subject_token)
        spent = "malformed_request" if DETAILS in form else spent  # only grants say such
        refusal = self.refusal or spent or (self.unfit(subject) if begun is None else self.ended(subject))
        to = form.get("resource") or form.get("audience", "")
        asked = Asked(
            client_id=client_id_of(request, form),
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
        jkt = jkt_of(request)
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

    def _cross(
        self, request: httpx2.Request, form: Mapping[str, str], kind: GrantKind | None
    ) -> httpx2.Response:
        """Give a grant for another server, or redeem one of another."""
        who, jkt = client_id_of(request, form), jkt_of(request)
        if kind is not None and form.get("grant_type") != _JWT_BEARER:
            outcome = granted(self, form, kind=kind, client_id=who, jkt=jkt, agreements=self.agreed)
        elif self.redeems is None or "assertion" not in form:
            reason = "unknown_grant" if self.redeems is None else "malformed_request"
            return refused(reason, entry=f"x_TEST{len(self.asked)}")
        else:
            outcome = redeemed(self.redeems, form, client_id=who, jkt=jkt)
        self.asked.append(outcome.asked)
        if outcome.refusal is not None:
            return refused(outcome.refusal, entry=f"x_TEST{len(self.asked)}", of=outcome.of)
        return httpx2.Response(200, json=outcome.body, headers={"Cache-Control": "no-store"})

    def _kept_for(self, form: dict[str, str]) -> dict[str, str | int]:
        """Return a refresh token that stands for an exchange."""
        text = f"actas_rft_{self.world.new_id()}"
        self._begun[text] = form
        said = {"access_token": text, "issued_token_type": REFRESH_TOKEN, "token_type": "N_A"}
        return {**said, "expires_in": _IDLE, "scope": form.get("scope", "")}

    def _claims(self, asked: Asked, *, subject: Mapping[str, Json] | None) -> JsonObject:
        now = int(self.world.now())
        claims: JsonObject = {
            "iss": self.issuer,
            "aud": asked.to,
            "client_id": asked.client_id,
            "scope": " ".join(sorted(asked.scopes)),
            "iat": now,
            "exp": now + _LIFE,
            "jti": self.world.new_id(),
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
