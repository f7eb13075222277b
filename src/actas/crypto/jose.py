"""The compact JWS: parsed strictly, verified, signed. Every token goes through here (the hot path).

``parse`` takes a token apart and proves nothing; what it returns says ``unverified`` in its names.
``verify`` proves it against one key and yields ``SignedClaims``, the only form in which claims may decide
anything (SEC-03). ``sign`` makes one. All of it costs a few microseconds beside the signature itself.

Left to others: which key (``keys``, ``trust``, ``clients``), audience, subject, replay and revocation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NewType

import msgspec

from actas.core.claims import instant
from actas.core.errors import BadToken
from actas.core.ports import Json, JsonObject
from actas.core.spans import span
from actas.core.wire import HmacAlgorithm, VerifyingAlgorithm
from actas.crypto import base64url
from actas.crypto.compact import (
    MAX_TOKEN_BYTES,
    Compact,
    Header,
    OtherAlgorithm,
    normal_type,
    read_shared_header,
    split,
)
from actas.crypto.json import BadJson, read_object
from actas.crypto.key import PrivateKey, PublicKey
from actas.crypto.shared_key import SharedKey
from actas.crypto.signature import BadKey, WeakKey

__all__ = [
    "BadKey",
    "OtherAlgorithm",
    "ParsedJws",
    "PrivateKey",
    "PublicKey",
    "SharedKey",
    "SignedClaims",
    "WeakKey",
    "parse",
    "sign",
    "verify",
]

SignedClaims = NewType("SignedClaims", JsonObject)
"""Claims of a token whose signature, issuer and times were checked. Made by ``verify`` alone."""

MAX_LEEWAY: Final = 60
"""The most seconds that clocks may differ (SEC-19)."""

LEEWAY: Final = 30
"""Seconds that the clocks of others may differ from ours, and that one is set by meanwhile."""

KNOWN_CLAIMS: Final = frozenset(
    (
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "scope",
        "client_id",
        "azp",
        "act",
        "may_act",
        "cnf",
        "jkt",
        "x5t#S256",
        "txn",
        "lineage",
        "sub_id",
        "otherwise",
        "format",
        "sub_profile",
        "auth_time",
        "acr",
        "amr",
        "email",
        "email_verified",
        "groups",
    )
)
"""Claims that we decide by. A member that is one of them in another case is refused at any depth."""

_encode: Final = msgspec.json.Encoder().encode


class ParsedJws(msgspec.Struct, frozen=True):
    """A token taken apart. Nothing in it is proven: use it to find the key, then ``verify``."""

    compact: Compact
    unverified_claims: Mapping[str, Json]

    @property
    def unverified_header(self) -> Mapping[str, Json]:
        """All of the header."""
        return self.compact.header.members

    @property
    def unverified_kid(self) -> str | None:
        """The ``kid`` of the header, or None when absent."""
        return self.compact.header.kid

    @property
    def unverified_typ(self) -> str | None:
        """The ``typ`` of the header, in lower case and without ``application/``, or None when absent."""
        return self.compact.unverified_typ

    @property
    def unverified_algorithm(self) -> VerifyingAlgorithm | HmacAlgorithm:
        """The ``alg`` of the header: one that we know, but the key decides."""
        return self.compact.header.algorithm

    def __repr__(self) -> str:
        return "ParsedJws(…)"


def parse(token: str, *, shared: bool = False) -> ParsedJws:
    """Take a compact JWS with a claims set apart, strictly, and prove nothing.

    Args:
        shared: take one that is authenticated by a shared secret, and no other.

    Raises:
        OtherAlgorithm: its header names an algorithm of the other kind, or one that is refused.
        BadToken: more than 16 KiB, not exactly three parts of canonical base64url, a header that asks for
            what we refuse (``compact``), claims that are not one JSON object as we read it (``json``).
    """
    compact = split(token, read=read_shared_header) if shared else split(token)
    try:
        claims = read_object(compact.payload, max_bytes=MAX_TOKEN_BYTES, known=KNOWN_CLAIMS)
    except BadJson as refused:
        raise BadToken(f"the claims of the token are refused: {refused}") from None
    return ParsedJws(compact, claims)


def verify(
    jws: ParsedJws,
    *,
    key: PublicKey | SharedKey,
    types: frozenset[str | None],
    issuer: str,
    now: float,
    leeway: int = LEEWAY,
    max_life: int | None = None,
    max_age: int | None = None,
) -> SignedClaims:
    """Prove a token against one key and return its claims.

    Args:
        types: the accepted ``typ`` header values, None for absent; compared without regard to case and
            to a leading ``application/`` (RFC 7515 section 4.1.9).
        issuer: the exact ``iss``, compared as a whole and with its case.
        now: seconds since the epoch.
        leeway: seconds by which the issuer's clock may differ from ours, at most 60.
        max_life: longest ``exp`` minus ``iat`` in seconds, or None for any.
        max_age: oldest ``iat`` in seconds before now, or None for any.

    Raises:
        BadToken: ``why`` is ``expired`` when the times of a genuine token do not fit, else ``forged``.
        ValueError: ``leeway`` is out of its range, which is a mistake of the caller.
    """
    if not 0 <= leeway <= MAX_LEEWAY:
        raise ValueError("leeway is between 0 and 60 seconds")
    compact = jws.compact
    header = compact.header
    if header.algorithm != key.algorithm:
        raise BadToken("the algorithm of the token is not the one of its key")
    if header.typ not in types and not _is_listed(header, types):
        raise BadToken("the typ of the token is not one that is accepted here")
    try:
        genuine = key.verifies(compact.signing_input, compact.signature)
    except WeakKey as refused:
        raise BadToken(f"the key is refused: {refused}") from None
    if not genuine:
        raise BadToken("the signature of the token does not verify")
    claims = jws.unverified_claims
    if claims.get("iss") != issuer:
        raise BadToken("the claim iss is not the issuer the key belongs to")
    try:
        _check_times(claims, now=now, leeway=leeway, max_life=max_life, max_age=max_age)
    except BadToken as bad:
        bad.claims = dict(claims)  # it is genuine, and whose it is can be said
        raise
    return SignedClaims(dict(claims))


def _is_listed(header: Header, types: frozenset[str | None]) -> bool:
    return header.typ is not None and header.typ in _normal_types(types)


@lru_cache(maxsize=64)
def _normal_types(types: frozenset[str | None]) -> frozenset[str]:
    return frozenset(normal_type(typ) for typ in types if typ is not None)


def _check_times(
    claims: Mapping[str, Json], *, now: float, leeway: int, max_life: int | None, max_age: int | None
) -> None:
    """Check ``exp``, ``iat`` and ``nbf`` (SEC-19, RFC 7519 section 4.1)."""
    expires_at = instant(claims, "exp")
    issued_at = instant(claims, "iat")
    if expires_at + leeway <= now:
        lived, ago = span(int(expires_at - issued_at)), span(int(now - expires_at))
        raise BadToken(f"the token has expired: it ended {ago} ago, and lived {lived}", why="expired")
    if issued_at - leeway > now:
        raise BadToken("the claim iat is in the future", why="expired")
    if "nbf" in claims and instant(claims, "nbf") - leeway > now:
        raise BadToken("the token is not valid yet", why="expired")
    if expires_at <= issued_at:
        raise BadToken("the token ends before it begins", why="expired")
    if max_life is not None and expires_at - issued_at > max_life:
        lives, most = span(int(expires_at - issued_at)), span(max_life)
        raise BadToken(f"the token lives {lives}, and its issuer's tokens may {most}", why="expired")
    if max_age is not None and now - issued_at > max_age + leeway:
        raise BadToken("the token is older than its issuer's tokens may be", why="expired")


def sign(claims: Mapping[str, Json], *, key: PrivateKey, typ: str) -> str:
    """Return a compact JWS over ``claims``, with ``alg``, ``typ`` and ``kid`` in its header.

    Raises:
        ValueError: the claims cannot be written as JSON that we would read, or the token exceeds 16 KiB.
    """
    payload = _encode(claims if isinstance(claims, dict) else dict(claims))
    if b"null" in payload and not _is_finite(claims):
        # The encoder writes a number that is not finite as null, which would say something else.
        raise ValueError("a claim is not a finite number")
    signing_input = _header(key.algorithm, typ, key.kid) + base64url.encode(payload)
    token = signing_input + b"." + base64url.encode(key.sign(signing_input))
    if len(token) > MAX_TOKEN_BYTES:
        raise ValueError("the token would be longer than 16 KiB")
    return token.decode("ascii")


@lru_cache(maxsize=256)
def _header(algorithm: str, typ: str, kid: str) -> bytes:
    return base64url.encode(_encode({"alg": algorithm, "typ": typ, "kid": kid})) + b"."


def _is_finite(value: Json | Mapping[str, Json]) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(_is_finite(one) for one in value.values())
    return not isinstance(value, list) or all(_is_finite(one) for one in value)
