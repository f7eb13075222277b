"""What we know of a registered client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.wire import (
    AuthMethod,
    GrantType,
    HmacAlgorithm,
    Offer,
    SigningAlgorithm,
    VerifyingAlgorithm,
)

PartyKind = Literal["person", "service", "agent", "app", "unknown"]
"""The kinds of party that can be in a chain. ``unknown``: a foreign actor whose kind nobody stated."""


RegisteredMethod = Literal[
    "client_secret",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "workload",
    "none",
]
"""How a client is registered. ``client_secret`` is both ways of sending one."""

SubjectField = Literal["dn", "san_dns", "san_uri", "san_ip", "san_email"]
"""Where in a certificate a client's name is (RFC 8705 section 2.1.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingSecret:
    """A secret that is accepted for some time more, while another takes its place.

    Attributes:
        until: when it ends, seconds since the epoch.
        digest: its keyed digest; empty when it is a key.
        key: the secret itself, for ``client_secret_jwt``.
    """

    until: int
    digest: bytes = b""
    key: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuth:
    """How a client proves who it is: exactly one method.

    Attributes:
        method: the registered method; no other is accepted from this client.
        secret_digests: keyed SHA-256 digests of the live secrets, for the two secret methods.
        secret_keys: the live secrets themselves, for ``client_secret_jwt``: no digest checks a MAC.
        ending: secrets that are live until a set time.
        keys: public JWKs, for ``private_key_jwt``.
        keys_uri: where the public JWKs are instead.
        algorithms: the algorithms the client's assertions may use.
        hmac_algorithms: the same for ``client_secret_jwt``.
        endpoint_audience: whether an assertion may name the token endpoint as its only audience (AG-45).
        certificates: those that the client registered by themselves, in DER.
        subject: the one name by which certificates of authorities are the client's.
        workload: the ``iss`` and ``sub`` of the platform's tokens for this workload.
    """

    method: RegisteredMethod
    secret_digests: tuple[bytes, ...] = ()
    secret_keys: tuple[Secret, ...] = ()
    ending: tuple[EndingSecret, ...] = ()
    keys: tuple[JsonObject, ...] = ()
    keys_uri: str | None = None
    algorithms: tuple[VerifyingAlgorithm, ...] = ("ES256", "RS256", "PS256", "EdDSA")
    hmac_algorithms: tuple[HmacAlgorithm, ...] = ("HS256",)
    endpoint_audience: bool = False
    certificates: tuple[bytes, ...] = ()
    subject: tuple[SubjectField, str] | None = None
    workload: tuple[str, str] | None = None

    def method_for(self, offer: Offer) -> AuthMethod | None:
        """Return how a request that holds ``offer`` would prove to be this client, or None."""
        if self.method == "client_secret":
            return offer if offer in ("client_secret_basic", "client_secret_post") else None
        asserts = self.method in ("client_secret_jwt", "private_key_jwt", "workload")
        return self.method if offer == ("assertion" if asserts else "name") else None

    def live_digests(self, now: float) -> tuple[bytes, ...]:
        """Return the digests of the secrets that are accepted at ``now``."""
        if not self.ending:
            return self.secret_digests
        return self.secret_digests + tuple(one.digest for one in self.ending if now < one.until)

    def live_keys(self, now: float) -> tuple[Secret, ...]:
        """Return the secrets that authenticate assertions at ``now``."""
        ending = (one.key for one in self.ending if now < one.until)
        return self.secret_keys + tuple(key for key in ending if key is not None)


Registration = Literal["configured", "document", "registered"]
"""Where what is known of a client comes from: our configuration, a document that it publishes about itself
(Client ID Metadata Documents), or what it registered about itself (RFC 7591)."""

Consent = Literal["once", "always", "never"]
"""When a person is asked whether an app may act for them: the first time, each time, or an administrator has
answered for everybody."""


LONGEST_ID_TOKEN: Final = 300
"""Seconds: an ID token can be exchanged, so its life bounds what is done without its person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLives:
    """How long a sign-in is good for, in seconds.

    Attributes:
        session: of somebody at a browser, however much they use it.
        session_idle: the same when they do not.
        refresh: for how long an app may refresh what it was given, however often it does.
        refresh_idle: the same when it does not.
        id_token: of an ID token.
    """

    session: int = 8 * 3600
    session_idle: int = 2 * 3600
    refresh: int = 30 * 24 * 3600
    refresh_idle: int = 7 * 24 * 3600
    id_token: int = LONGEST_ID_TOKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInTerms:
    """How people sign in to an app.

    Attributes:
        redirect_uris: where they may be sent with a code, each exactly (RFC 9700 section 2.1).
        after_sign_out: where they may be sent after they signed out, each exactly.
        algorithm: what ID tokens are signed with.
        consent: when they are asked.
        groups: only people in one of these may sign in to it; empty for everybody.
        display: what people call the app.
        told_at: where it is told that a session ended (OpenID Connect Back-Channel Logout 1.0); None when it
            is not.
        pushed: whether what it asks is taken only when it was pushed (RFC 9126 section 6).
        lives: how long what it gets is good for.
        fingerprint: of its keys and redirect addresses, where it says them itself: with others it is another
            app to whoever let it act for them (OP-131). Empty when an administrator says them.
        management: whether people who hold a role may manage this server with it; they are asked each time.
        vouched: whether whoever runs this server chose it, or its host. Of any other, nobody is sent to an
            address of its own who was not asked.
    """

    redirect_uris: tuple[str, ...]
    after_sign_out: tuple[str, ...] = ()
    algorithm: SigningAlgorithm = "RS256"
    consent: Consent = "once"
    groups: frozenset[str] = frozenset()
    display: str = ""
    told_at: str | None = None
    pushed: bool = False
    lives: SignInLives = SignInLives()
    fingerprint: str = ""
    management: bool = False
    vouched: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client: an app, a service or an agent.

    Attributes:
        name: the ``client_id`` on the wire.
        kind: what it is; people see it in chains and rules select on it.
        auth: how it authenticates.
        grants: the grants it may use.
        api: the name of the API this client also is, if any: tokens for that API are meant for it.
        apis: the names of the APIs it may ask for.
        scopes: per API, the scopes it may ask for; an API that is not listed has no such limit.
        owner: who answers for it.
        sign_in: how people sign in to it; None when they do not.
        registration: where all of this comes from.
        disabled: a disabled client is refused, also as an earlier actor in a chain.
    """

    name: str
    kind: Literal["service", "agent", "app"]
    auth: ClientAuth
    grants: frozenset[GrantType]
    api: str | None = None
    apis: frozenset[str] = frozenset()
    scopes: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    owner: str | None = None
    sign_in: SignInTerms | None = None
    registration: Registration = "configured"
    disabled: bool = False

    @property
    def fingerprint(self) -> str:
        """That of ``sign_in``; empty where nobody signs in."""
        return "" if self.sign_in is None else self.sign_in.fingerprint
