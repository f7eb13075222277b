"""Is this token for me, and who is calling? Pure: a token and keys in, a `Caller` or an error out.

The checks are those of RFC 9068 section 4, in its order, and those of RFC 8725 that a library
leaves to whoever calls it. The numbers in `verified` are the order they run in:

1. the token is one canonical compact JWS of bounded size (`jws.parse`);
2. its ``typ`` says access token, so that no other JWT of the same issuer passes for one;
3. its algorithm is one we allow and the key is for, never one the token chose;
4. the signature is the issuer's;
5. ``iss`` is exactly the issuer;
6. ``aud`` contains this API;
7. it is within its times;
8. its subject, actors and scopes can be read.

Left to others: where keys come from (`checking`), whether whoever shows a bound token holds its key
(`possession`), and what a caller may do (the API).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, cast

from actas_sdk.caller import Caller
from actas_sdk.errors import AmbiguousToken, InvalidToken, Misconfigured, NoToken
from actas_sdk.jws import ASYMMETRIC, LONGEST_TOKEN, UnverifiedJws, parse
from actas_sdk.keys import VerifyingKey
from actas_sdk.party import KINDS, Party
from actas_sdk.strict_json import Json, NotStrict, parse_object, text, text_or_none, texts
from actas_sdk.token import Token

__all__ = ["Expected", "Presented", "answered", "presented", "read", "verified"]

_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
_USABLE: Final = frozenset({"bearer", "dpop"})
"""How an access token is used. A refresh token may be active too, and is of no use to an API: ``N_A``."""

_MOST_ACTORS: Final = 10
_MOST_SCOPES: Final = 256
_SKEW: Final = 30.0
"""Seconds by which the issuer's clock may be ahead of ours. ``exp`` is not stretched by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token must be to be accepted here.

    Attributes:
        issuer: its ``iss``, character for character.
        audience: what must be in its ``aud``: this API.
        algorithms: what it may be signed with.
    """

    issuer: str
    audience: str
    algorithms: frozenset[str] = ASYMMETRIC

    def __post_init__(self) -> None:
        if not self.audience:
            raise Misconfigured("the audience is this API's own name or address and cannot be empty")
        if not self.algorithms or self.algorithms - ASYMMETRIC:
            raise Misconfigured(f"the algorithms must be some of {', '.join(sorted(ASYMMETRIC))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A token as a request shows it. Nothing about it is believed yet.

    Attributes:
        scheme: how it is shown.
        proofs: the values of the ``DPoP`` headers.
    """

    scheme: Literal["Bearer", "DPoP"]
    token: str = field(repr=False)
    proofs: tuple[str, ...] = field(repr=False)


def presented(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> Presented:
    """Return the one token of a request (RFC 6750 section 2.1, RFC 9449 section 7.1), and what proves it.

    Query and body are not looked at.

    Raises:
        NoToken: there is none.
        AmbiguousToken: there is more than one ``Authorization`` header.
        InvalidToken: the header is not one token.
    """
    pairs = [*(cast("Mapping[str, str]", headers).items() if isinstance(headers, Mapping) else headers)]
    sent = [value for name, value in pairs if name.lower() == "authorization"]
    if len(sent) > 1:
        raise AmbiguousToken("more than one Authorization header")
    scheme, _, rest = sent[0].strip().partition(" ") if sent else ("", "", "")
    if scheme.lower() not in {"bearer", "dpop"}:
        raise NoToken("no access token in the Authorization header")
    token = rest.strip()
    if not token or len(token) > LONGEST_TOKEN or not token.isascii() or " " in token or "," in token:
        raise InvalidToken("the Authorization header does not hold one token")
    return Presented(
        scheme="DPoP" if scheme.lower() == "dpop" else "Bearer",
        token=token,
        proofs=tuple(value for name, value in pairs if name.lower() == "dpop"),
    )


def read(token: str, *, expected: Expected) -> UnverifiedJws:
    """Take ``token`` apart and check what can be checked before there is a key: steps 1 to 3.

    Raises:
        InvalidToken: a check failed.
    """
    jws = parse(token)
    if jws.typ not in _TYPES:
        raise InvalidToken("the token's typ is not at+jwt")
    if jws.algorithm not in expected.algorithms:
        raise InvalidToken("the token's algorithm is not one that is accepted")
    return jws


def verified(
    token: str, *, jws: UnverifiedJws, keys: Collection[VerifyingKey], expected: Expected, now: float
) -> Caller:
    """Return who is calling: steps 4 to 8. A token that is bound to a key has not been proven yet.

    Args:
        token: the text that ``jws`` was read from, by `read`.
        jws: the same, taken apart.
        keys: the issuer's keys that may have signed it.
        expected: what it must be.
        now: seconds since the epoch.

    Raises:
        InvalidToken: a check failed.
    """
    if not any(key.signed(jws) for key in keys):
        raise InvalidToken("the signature is not the issuer's")
    try:
        claims = parse_object(jws.unverified_payload)
        _check_issuer_and_audience(claims, expected=expected)
        expires_at = _check_times(claims, now=now)
        return _caller(token, claims=claims, expected=expected, expires_at=expires_at)
    except NotStrict as fault:
        raise InvalidToken(f"the token does not hold: {fault}") from None


def answered(token: str, *, said: Mapping[str, Json], expected: Expected, now: float) -> Caller:
    """Return who is calling with a token that the server says is active: steps 5 to 8.

    The answer is the server's own, so ``iss`` and ``iat`` may be left out (RFC 7662 section 2.2). Who it is
    for and when it ends must be said: without that it would be good everywhere, or for ever.

    Args:
        token: the text that was asked about.
        said: the members of the answer.
        expected: what it must be.
        now: seconds since the epoch.

    Raises:
        InvalidToken: a check failed.
    """
    claims = {"iss": expected.issuer, "iat": 1, **said}
    try:
        _check_issuer_and_audience(claims, expected=expected)
        expires_at = _check_times(claims, now=now)
        caller = _caller(token, claims=said, expected=expected, expires_at=expires_at)
    except NotStrict as fault:
        raise InvalidToken(f"the token does not hold: {fault}") from None
    usage = str(said.get("token_type", "Bearer")).lower()
    if usage not in _USABLE:
        raise InvalidToken("the server says that it is no access token: no API takes it")
    if usage == "dpop" and "cnf" not in said:
        raise InvalidToken("the token is said to be bound to a key, and not to which")
    return caller


def _check_issuer_and_audience(claims: Mapping[str, Json], *, expected: Expected) -> None:
    if text(claims, "iss") != expected.issuer:
        raise NotStrict("iss is another issuer")
    if expected.audience not in texts(claims, "aud"):
        raise NotStrict("aud does not name this API")


def _check_times(claims: Mapping[str, Json], *, now: float) -> float:
    expires_at = _instant(claims, "exp")
    issued_at = _instant(claims, "iat")
    not_before = _instant(claims, "nbf") if "nbf" in claims else issued_at
    if now >= expires_at:
        raise NotStrict("exp has passed")
    if max(issued_at, not_before) > now + _SKEW:
        raise NotStrict("iat or nbf is in the future")
    return expires_at


def _instant(claims: Mapping[str, Json], name: str) -> float:
    value = claims.get(name)
    # bool is an int in Python, and true is no instant. NaN and infinity never get past the reader.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**53:
        raise NotStrict(f"{name} is missing or not a NumericDate")
    return float(value)


def _caller(token: str, *, claims: Mapping[str, Json], expected: Expected, expires_at: float) -> Caller:
    chain = chain_of(claims)
    scopes = _scopes(claims)
    return Caller(
        subject=chain[0],
        actor=chain[-1],
        chain=chain,
        scopes=scopes,
        client_id=text_or_none(claims, "client_id"),
        token=Token(
            token,
            audience=expected.audience,
            scopes=scopes,
            chain=chain,
            expires_at=expires_at,
            # Whoever sent it holds its key, if it has one; this service does not.
            scheme="bound" if "cnf" in claims else "Bearer",
        ),
        claims=MappingProxyType(dict(claims)),
    )


def chain_of(claims: Mapping[str, Json]) -> tuple[Party, ...]:
    """Return the subject followed by every actor, oldest first (RFC 8693 section 4.1).

    The outermost ``act`` is the current actor, so it comes last. Members of ``act`` that say
    nothing about who the actor is are ignored (TX-55).

    Raises:
        NotStrict: the subject or an actor cannot be identified, or there are too many actors.
    """
    newest_first: list[Party] = []
    level: Mapping[str, Json] = claims
    while "act" in level:
        inner = level["act"]
        if not isinstance(inner, dict) or len(newest_first) == _MOST_ACTORS:
            raise NotStrict("act is not an object, or there are too many of them")
        newest_first.append(_party(inner, home=text_or_none(claims, "iss")))
        level = inner
    return (_party(claims, home=None), *reversed(newest_first))


def _party(level: Mapping[str, Json], *, home: str | None) -> Party:
    profile, issuer = text_or_none(level, "sub_profile"), text_or_none(level, "iss")
    return Party(
        id=text(level, "sub"),
        kind=None if profile is None else KINDS.get(profile),
        issuer=issuer,
        elsewhere=issuer is not None and home is not None and issuer != home,
    )


def _scopes(claims: Mapping[str, Json]) -> frozenset[str]:
    """Return the scopes: one space-delimited text, never a list (RFC 8693 section 4.2)."""
    said = claims.get("scope", "")
    if not isinstance(said, str):
        raise NotStrict("scope is not text")
    scopes = said.split(" ") if said else []
    if len(scopes) > _MOST_SCOPES:
        raise NotStrict("scope is too long")
    return frozenset(each for each in scopes if each)
