"""What came back, validated. Pure: an `Answer` in, a value or an error out.

An answer is either exactly what its specification says or it is a `BadAnswer`; nothing is guessed
and nothing of a bad answer is used.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from actas_sdk.details import Details, details_said
from actas_sdk.dpop import DpopKey
from actas_sdk.echo import holds_piece, repeats
from actas_sdk.errors import (
    TOO_OLD,
    ActasError,
    BadAnswer,
    ClientRefused,
    InvalidToken,
    Refused,
    SignInAgain,
    Unreachable,
)
from actas_sdk.flow import Answer, Failure
from actas_sdk.jws import LONGEST_TOKEN, parse
from actas_sdk.keys import KeySet
from actas_sdk.party import Party
from actas_sdk.requests import ACCESS_TOKEN, Wanted, is_scope
from actas_sdk.strict_json import Json, JsonObject, NotStrict, parse_object, text, text_or_none
from actas_sdk.token import Token
from actas_sdk.verify import chain_of

__all__ = [
    "B64TOKEN",
    "granted",
    "json_of",
    "key_set",
    "nonce_wanted",
    "refusal",
    "token",
    "unreachable",
]

B64TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_WORD: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_JSON: Final = frozenset({"application/json"})
_LONGEST_LIFE: Final = 366 * 24 * 3600
_LONGEST_WAIT: Final = 24 * 3600
_OUR_FAULT: Final = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type"})


def unreachable(reply: Answer | Failure, *, now: float) -> Unreachable | None:
    """Return the error when ``reply`` says nothing but *not now*, or None when it says something.

    Args:
        reply: what came of a request.
        now: seconds since the epoch, for a ``Retry-After`` that is a date.
    """
    if isinstance(reply, Failure):
        return Unreachable(reply.detail)
    if reply.status != 429 and reply.status < 500:
        return None
    return Unreachable(
        f"{reply.url} answered {reply.status}",
        retry_after=_retry_after(reply.headers, now=now),
        entry=_entry(reply),
    )


def key_set(answer: Answer) -> KeySet:
    """Return the issuer's keys (RFC 7517 section 5).

    Raises:
        BadAnswer: it is not a JWK set.
    """
    document = json_of(answer, types={"application/json", "application/jwk-set+json"})
    try:
        return KeySet.from_jwks(document)
    except NotStrict as fault:
        raise BadAnswer(f"the key set at {answer.url}: {fault}") from None


def nonce_wanted(answer: Answer) -> bool:
    """Say whether the server refused only because the proof holds no nonce of it (RFC 9449 section 8)."""
    if answer.status not in {400, 401} or "dpop-nonce" not in answer.headers:
        return False
    try:
        document = json_of(answer, types={"application/json"}, status=answer.status)
    except BadAnswer:
        return False
    return document.get("error") == "use_dpop_nonce"


def token(
    answer: Answer,
    *,
    wanted: Wanted,
    client: Party,
    asked_at: float,
    dpop: DpopKey | None = None,
    before: Sequence[Party] = (),
) -> Token:
    """Return the token that was asked for (RFC 8693 section 2.2.1, RFC 6749 section 5.1).

    Args:
        answer: what came back.
        wanted: what was asked for.
        client: this service.
        asked_at: seconds since the epoch when the request was made: the life of the token counts
            from there, so that a slow answer never makes it longer.
        dpop: the key that the token must be bound to, or None for a bearer token.
        before: for whom ``client`` acts, when that is not in the subject token.

    Raises:
        Refused: the answer is no.
        SignInAgain: the subject token is too old or too weak.
        BadAnswer: the answer breaks its specification.
    """
    # N_A, and every scheme that we do not speak, would be sent in a way its server does not expect. A bearer
    # token in place of a bound one would be worth stealing (RFC 9449 section 5).
    given = granted(answer, wanted=wanted, kind=ACCESS_TOKEN, scheme="Bearer" if dpop is None else "DPoP")
    before = before if wanted.subject is None else wanted.subject.chain
    return Token(
        given.text,
        audience=wanted.to,
        scopes=given.scopes,
        chain=_chain_said(given.text) or (*before, client),
        expires_at=None if given.life is None else asked_at + given.life,
        key=dpop,
        authorization_details=given.details or (),
    )


class Granted(NamedTuple):
    """A token that an answer gave, of whatever kind, and what was said of it.

    Attributes:
        life: seconds from when it was asked for; None when nobody said.
        details: the authorization details; None when nothing was said of them.
    """

    text: str
    life: int | None
    scopes: frozenset[str]
    details: Details | None


def granted(answer: Answer, *, wanted: Wanted, kind: str, scheme: str) -> Granted:
    """Return what a token answer gave.

    Args:
        kind: the token type that was asked for.
        scheme: what its ``token_type`` must be.

    Raises:
        Refused: the answer is no; `SignInAgain` and `Unreachable` likewise.
        BadAnswer: the answer breaks its specification.
    """
    if answer.status != 200:
        raise refusal(answer)
    document = json_of(answer)
    try:
        value = text(document, "access_token", longest=LONGEST_TOKEN)
        if not B64TOKEN.fullmatch(value):
            raise NotStrict("access_token could not be sent in a header")
        # RFC 6749 section 5.1: the name is case-insensitive.
        if text(document, "token_type", longest=64).lower() != scheme.lower():
            raise NotStrict(f"token_type is not {scheme}")
        if wanted.subject is not None and text(document, "issued_token_type") != kind:
            raise NotStrict("issued_token_type is not what was asked for")
        scopes = _scopes(document, answer, asked=wanted.scopes)
        return Granted(value, _life(document), scopes, details_said(document, answer))
    except NotStrict as fault:
        raise BadAnswer(f"the token answer of {answer.url}: {fault}") from None


def refusal(answer: Answer) -> ActasError:
    """Return what an answer other than 200 means (RFC 6749 section 5.2, RFC 8693 section 2.2.2)."""
    if answer.status not in {400, 401, 403}:
        return BadAnswer(f"{answer.url} answered {answer.status}; redirects are not followed")
    document = json_of(answer, types={"application/json"}, status=answer.status)
    code = document.get("error")
    if not isinstance(code, str) or not _WORD.fullmatch(code) or holds_piece(code, answer):
        return BadAnswer(f"{answer.url} refused without saying why")
    sentence = _shown(document.get("error_description"), answer)
    entry = _entry(answer)
    reason = _reason(document.get("error_uri"), answer)
    if reason == "expired":
        return SignInAgain(sentence, entry=entry)
    if code == "insufficient_user_authentication":
        otherwise = TOO_OLD if "max_age" in document else "mfa"
        return SignInAgain(
            sentence, needs=_shown(document.get("acr_values"), answer) or otherwise, entry=entry
        )
    if code == "temporarily_unavailable":
        return Unreachable(f"{answer.url} answered {code}", entry=entry)
    kind = ClientRefused if code in _OUR_FAULT else Refused
    return kind(sentence, code=code, reason=reason, entry=entry)


def json_of(answer: Answer, *, types: Collection[str] = _JSON, status: int = 200) -> JsonObject:
    """Return the JSON object that ``answer`` is.

    Raises:
        BadAnswer: the status, the media type, the size or the text is wrong. The media type is
            checked because an error page of something in between is not the server's word.
    """
    if answer.status != status:
        raise BadAnswer(f"{answer.url} answered {answer.status}; redirects are not followed")
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() not in types:
        raise BadAnswer(f"{answer.url} did not answer with JSON")
    if answer.body is None:
        raise BadAnswer(f"the answer of {answer.url} is too large or encoded")
    try:
        return parse_object(answer.body)
    except NotStrict as fault:
        raise BadAnswer(f"the answer of {answer.url} is {fault}") from None


def _life(document: Mapping[str, Json]) -> int | None:
    """Return ``expires_in``: whole seconds, above zero, within a year; None when it is not there."""
    if "expires_in" not in document:
        return None
    life = document["expires_in"]
    if isinstance(life, bool) or not isinstance(life, int) or not 0 < life <= _LONGEST_LIFE:
        raise NotStrict("expires_in is not a number of seconds")
    return life


def _scopes(document: Mapping[str, Json], answer: Answer, *, asked: frozenset[str]) -> frozenset[str]:
    """Return the scopes granted: what was asked for, unless the answer says otherwise (RFC 6749 5.1)."""
    said = text_or_none(document, "scope", longest=8192) if document.get("scope") != "" else ""
    if said is None:
        return asked
    scopes = said.split(" ") if said else []
    if not all(is_scope(each) for each in scopes):
        raise NotStrict("scope is not a list of scopes")
    if holds_piece(said, answer):
        raise NotStrict("scope repeats what is secret")
    return frozenset(scopes)


def _chain_said(value: str) -> tuple[Party, ...]:
    """Return the chain that a JWT says it has, or nothing when it is not a JWT.

    Only for the sentence. The token came straight from its server over TLS; nothing is decided by
    it here, and whoever it is for verifies it.
    """
    try:
        return chain_of(parse_object(parse(value).unverified_payload))
    except (InvalidToken, NotStrict):
        return ()


def _retry_after(headers: Mapping[str, str], *, now: float) -> int | None:
    """Return ``Retry-After`` in seconds (RFC 9110 section 10.2.3), at most a day, or None."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return min(int(said[:9]), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(said).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0, min(round(at - now), _LONGEST_WAIT))


def _entry(answer: Answer) -> str | None:
    return _word(answer.headers.get("actas-entry", ""), answer)


def _reason(error_uri: Json, answer: Answer) -> str | None:
    return _word(error_uri.partition("#")[2], answer) if isinstance(error_uri, str) else None


def _word(said: str, answer: Answer) -> str | None:
    return said if _WORD.fullmatch(said) and not holds_piece(said, answer) else None


def _shown(value: Json, answer: Answer) -> str:
    """Return a sentence of the server's that may be shown and logged: one line of ASCII, bounded, and nothing
    of ours that is secret.
    """
    said = value if isinstance(value, str) else ""
    if len(said) > 1000 or not said.isascii() or not said.isprintable():
        return ""
    return "" if repeats(said, answer) else said
