"""What people and peers bring to a ``House`` and ask of it: tokens, assertions, forms, and what came back."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from actas.core.errors import OAuthError
from actas.core.errors_of_signing_in import NotDecided
from actas.core.party import Caller, Identity
from actas.core.secret import Secret
from actas.core.sign_in import Authorization, GrantedCode, SignIn
from actas.core.tracing import Tracing
from actas.core.wire import (
    ACCESS_TOKEN,
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    ID_JAG_JWT,
    JWT_BEARER,
    TOKEN_EXCHANGE,
)
from actas.crypto import jose
from actas.exchange import Answer, Exchange
from actas.subjects.authorization_code import AuthorizationCodes
from actas.web.traced import TracedDesk
from tests.fakes.clock import FixedClock
from tests.fakes.company import CALLBACK, CLIENT_KEY, IDP, IDP_KEY, ISSUER, ORDERS, secret_of
from tests.fakes.in_memory import ListWriter, SetMarks
from tests.fakes.ring import FakeRing

VERIFIER = "a-verifier-that-is-long-enough-for-the-standard"


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Visits:
    """The tokens that a test presents and the requests that it makes; ``House`` has the pipeline that answers."""

    clock: FixedClock
    ring: FakeRing
    writer: ListWriter
    marks: SetMarks
    tracing: Tracing
    exchange: Exchange
    codes: AuthorizationCodes

    def id_token(
        self, user: str = "alice", *, key: jose.PrivateKey = IDP_KEY, typ: str = "JWT", **claims: Any
    ) -> str:
        """An ID token of the company's identity provider."""
        base: dict[str, Any] = {
            "iss": IDP,
            "sub": f"id-{user}",
            "aud": "acme-web",
            "iat": int(self.clock.now()),
            "exp": int(self.clock.now()) + 600,
            "email": f"{user}@acme.example",
            "email_verified": True,
            "groups": ["support"],
        }
        return jose.sign(_without_none({**base, **claims}), key=key, typ=typ)

    def grant(
        self, user: str = "alice", *, key: jose.PrivateKey = IDP_KEY, typ: str = ID_JAG_JWT, **claims: Any
    ) -> str:
        """A grant of the company's identity provider (ID-JAG): for web, to redeem here."""
        now = int(self.clock.now())
        base: dict[str, Any] = {
            "iss": IDP, "sub": f"id-{user}", "aud": ISSUER, "client_id": "web", "jti": f"grant-{user}",
            "iat": now, "exp": now + 300, "scope": "orders:read orders:write",
            "email": f"{user}@acme.example", "email_verified": True, "groups": ["support"],
        }  # fmt: skip
        return jose.sign(_without_none({**base, **claims}), key=key, typ=typ)

    def redeeming(self, assertion: str, who: str = "web", **parameters: Any) -> dict[str, Any]:
        """The form by which a client redeems a grant."""
        form: dict[str, Any] = {
            "grant_type": str(JWT_BEARER),
            "client_id": who,
            "client_secret": secret_of(who),
            "assertion": assertion,
        }
        return _without_none({**form, **parameters})

    def our_token(self, **claims: Any) -> str:
        """An access token of ours, made directly: alice's, through the assistant, for orders."""
        base: dict[str, Any] = {
            "iss": ISSUER,
            "aud": ORDERS,
            "sub": "alice@acme.example",
            "sub_profile": "user",
            "client_id": "assistant",
            "scope": "orders:read orders:write",
            "iat": int(self.clock.now()),
            "exp": int(self.clock.now()) + 300,
            "jti": "parent-1",
            "txn": "root-1",
            "act": {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"},
        }
        base = {**base, **claims}
        base.setdefault("lineage", self.lineage(base))
        return jose.sign(_without_none(base), key=self.ring.private(), typ="at+jwt")

    def our_id_token(
        self,
        *,
        key: jose.PrivateKey | None = None,
        typ: str = "JWT",
        **claims: Any,
    ) -> str:
        """An ID token of ours, made directly: alice's, who signed in to web a moment ago."""
        now = int(self.clock.now())
        base: dict[str, Any] = {
            "iss": ISSUER, "aud": "web", "sub": "actas:alice", "iat": now, "exp": now + 300, "jti": "told-1",
            "txn": "authorization-1", "sid": "session-1", "auth_time": now, "acr": "pwd", "amr": ["pwd"],
            "nonce": "n-1", "groups": ["support"],
        }  # fmt: skip
        base = {**base, **claims}
        base.setdefault("lineage", self.lineage(base))
        key = self.ring.private("id_token", "RS256") if key is None else key
        return jose.sign(_without_none(base), key=key, typ=typ)

    def lineage(self, claims: Mapping[str, Any]) -> str:
        """The lineage of a token of ours that was made directly: itself, its subject and its client."""
        parties = [str(claims[name]) for name in ("sub", "client_id") if claims.get(name)]
        marks = [self.ring.mark("token", ISSUER, str(claims.get("jti")))]
        marks += [self.ring.mark("party", ISSUER, name) for name in parties]
        return " ".join((str(int(self.clock.now())), *dict.fromkeys(marks)))

    def assertion(self, name: str = "robot", *, key: jose.PrivateKey = CLIENT_KEY, **claims: Any) -> str:
        """A client assertion for ``private_key_jwt``."""
        base: dict[str, Any] = {
            "iss": name,
            "sub": name,
            "aud": ISSUER,
            "iat": int(self.clock.now()),
            "exp": int(self.clock.now()) + 60,
            "jti": f"assertion-{len(self.marks.seen)}-{len(self.writer.events)}",
        }
        return jose.sign(_without_none({**base, **claims}), key=key, typ="client-authentication+jwt")

    def authorization(self, who: str = "web", **changes: Any) -> Authorization:
        """What alice let a client do when she signed in a moment ago."""
        now = int(self.clock.now())
        subject = changes.pop("subject", "actas:alice")
        identity = Identity(ISSUER, subject)
        how: dict[str, Any] = {
            "person": identity, "origin": identity, "origin_name": "actas", "groups": ("support",),
            "claims": {"name": "Alice"}, "at": now, "acr": "pwd", "amr": ("pwd",), "sid": "session-1",
            "ends_at": now + 3600,
        }  # fmt: skip
        how |= {name: changes.pop(name) for name in list(changes) if name in how}
        base: dict[str, Any] = {
            "id": "authorization-1", "client": who, "sign_in": SignIn(**how), "apis": ("actas-userinfo", "orders"),
            "scope": frozenset({"openid", "profile", "orders:read"}), "nonce": "n-1", "began": now,
        }  # fmt: skip
        return Authorization(**{**base, **changes})

    async def code(self, who: str = "web", *, jkt: str | None = None, **changes: Any) -> str:
        """A code that stands for that, and is redeemed by ``VERIFIER``."""
        granted = GrantedCode(
            authorization=self.authorization(who, **changes),
            redirect_uri=CALLBACK,
            challenge=challenge_of(VERIFIER),
            jkt=jkt,
            expires_at=int(self.clock.now()) + 60,
        )
        return (await self.codes.keep(granted)).reveal()

    async def code_form(self, who: str = "web", **changes: Any) -> dict[str, Any]:
        """The form by which a client redeems a code."""
        asked: dict[str, Any] = {
            name: changes.pop(name) for name in ("redirect_uri", "code_verifier") if name in changes
        }
        return {
            "grant_type": str(AUTHORIZATION_CODE),
            "client_id": who,
            "client_secret": secret_of(who),
            "code": await self.code(changes.pop("client", who), **changes),
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **asked,
        }

    async def post(
        self,
        form: str | Mapping[str, Any] | list[tuple[str, str]],
        *,
        authorization: str | None = None,
        proofs: Sequence[str] = (),
        certificate: bytes | None = None,
        address: str = "127.0.0.1",
        traceparents: Sequence[bytes] = (),
    ) -> Answer:
        """Send a form to the pipeline as bytes."""
        body = form if isinstance(form, str) else urlencode(form if isinstance(form, list) else _pairs(form))
        caller = Caller(
            address=address,
            authorization=None if authorization is None else Secret(authorization),
            certificate=certificate,
            proofs=tuple(Secret(one) for one in proofs),
            traceparents=tuple(traceparents),
        )
        desk = TracedDesk(self.exchange, tracing=self.tracing, name="actas.exchange")
        return await (desk if self.tracing.on else self.exchange)(body.encode(), caller)

    def form(self, who: str, subject: str | None, **parameters: Any) -> dict[str, Any]:
        """The form of a token exchange by client ``who``."""
        form: dict[str, Any] = {
            "grant_type": str(TOKEN_EXCHANGE),
            "client_id": who,
            "client_secret": secret_of(who),
        }
        if subject is not None:
            form |= {"subject_token": subject, "subject_token_type": str(ACCESS_TOKEN)}
        return _without_none({**form, **parameters})

    async def ask(self, who: str, subject: str | None, **parameters: Any) -> Answer:
        """One token exchange."""
        return await self.post(self.form(who, subject, **parameters))

    async def claims(self, who: str, subject: str | None, **parameters: Any) -> dict[str, Any]:
        """The claims of the token that an exchange gives."""
        return claims_of(await self.ask(who, subject, **parameters))

    async def own(self, who: str, **parameters: Any) -> Answer:
        """One client credentials request by client ``who``."""
        return await self.post(self.own_form(who, **parameters))

    def own_form(self, who: str, **parameters: Any) -> dict[str, Any]:
        """The form of a client credentials request by client ``who``."""
        form = {"grant_type": str(CLIENT_CREDENTIALS), "client_id": who, "client_secret": secret_of(who)}
        return _without_none({**form, **parameters})

    async def refused(self, who: str, subject: str | None, **parameters: Any) -> OAuthError:
        """The refusal of an exchange; granting it is a failure. The minutes must have it too."""
        return await self.turned_away(self.form(who, subject, **parameters))

    async def turned_away(
        self,
        form: str | Mapping[str, Any] | list[tuple[str, str]],
        *,
        authorization: str | None = None,
        certificate: bytes | None = None,
    ) -> OAuthError:
        """The refusal of any form; granting it is a failure. The minutes must have it too."""
        before = len(self.writer.events)
        error = await self._error(form, authorization=authorization, certificate=certificate)
        if isinstance(error, NotDecided) and error.again:
            assert (len(self.writer.events), error.entry) == (before, None)  # it is counted
            return error
        assert len(self.writer.events) == before + 1
        assert self.writer.events[-1]["outcome"] == "refused"
        assert self.writer.events[-1]["reason"] == error.reason
        assert self.writer.events[-1]["id"] == error.entry
        return error

    async def _error(
        self,
        form: str | Mapping[str, Any] | list[tuple[str, str]],
        *,
        authorization: str | None,
        certificate: bytes | None,
    ) -> OAuthError:
        try:
            answer = await self.post(form, authorization=authorization, certificate=certificate)
        except OAuthError as error:
            return error
        raise AssertionError(f"it was granted: {claims_of(answer)}")


def claims_of(answer: Answer) -> dict[str, Any]:
    """The claims of the token in an answer."""
    return dict(jose.parse(str(answer.body["access_token"])).unverified_claims)


def _without_none(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in claims.items() if value is not None}


def _pairs(form: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (key, one) for key, value in form.items() for one in (value if isinstance(value, list) else [value])
    ]
