"""What another domain's server answers that redeems a grant: a token to hand on, or why there is none. Pure.

A stranger wrote it. Of a token there are handed on the members that are read here, each as it must be, and
nothing else (RFC 6749 section 5.1). Of a refusal the caller is told which kind it is, in words of ours, and
administrators what was said, cut and without anything that could steer a terminal or be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from actas.core.claims import parse_scope
from actas.core.errors import InvalidScope, InvalidTarget, OAuthError, TemporarilyUnavailable
from actas.core.errors_of_cross_app import BadGateway
from actas.core.ports import Answer, Json, JsonObject
from actas.core.redaction import Redaction
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN
from actas.crypto.json import BadJson, read_object

LARGEST: Final = 64 * 1024
"""Bytes of an answer at most: a token and a few words."""

_MOST_SAID: Final = 200
"""Characters that are kept of what a refusal says."""

_LONGEST_LIFE: Final = 10 * 365 * 86_400
_TOKEN: Final = re.compile(r"[!-~]{1,32768}")
_WORD: Final = re.compile(r"[a-z_]{1,64}")
_SCHEMES: Final = {"bearer": "Bearer", "dpop": "DPoP"}
_READ: Final = frozenset({"access_token", "issued_token_type", "token_type", "expires_in", "scope"})
_OF_US: Final = frozenset({"invalid_client", "unauthorized_client"})
_LATER: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down"})


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer must be to be handed on.

    Attributes:
        server: the issuer identifier of who answers.
        scope: the scopes of the grant.
        bound: whether the grant asks for a token that is bound to a key.
        secrets: what was sent: it is in nothing that is handed on or kept.
    """

    server: str
    scope: frozenset[str]
    bound: bool
    secrets: tuple[str, ...]


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """A token of another server.

    Attributes:
        scheme: how it is presented: ``Bearer`` or ``DPoP``.
        expires_in: seconds; None when the server does not say.
        scope: what it allows: as the server says, else what the grant had (RFC 6749 section 5.1).
        dropped: members of the answer that are not handed on, by name; at most eight.
    """

    token: Secret
    scheme: str
    expires_in: int | None
    scope: frozenset[str]
    dropped: tuple[str, ...]

    def body(self) -> JsonObject:
        """Return the answer for the client (RFC 8693 section 2.2.1)."""
        answer: JsonObject = {
            "access_token": self.token.reveal(),
            "issued_token_type": ACCESS_TOKEN,
            "token_type": self.scheme,
        }
        if self.expires_in is not None:
            answer["expires_in"] = self.expires_in
        if self.scope:
            answer["scope"] = " ".join(sorted(self.scope))
        return answer


class Declined(msgspec.Struct, frozen=True, kw_only=True):
    """No token.

    Attributes:
        error: what the client is told.
        said: what the server answered, for administrators; empty when nothing of it can be read.
    """

    error: OAuthError
    said: Mapping[str, str | int]


def read_answer(answer: Answer, wanted: Wanted) -> Came | Declined:
    """Return what came."""
    try:
        document: JsonObject | None = read_object(answer.body, max_bytes=LARGEST)
    except BadJson:
        document = None
    if answer.status != 200:
        return _declined(answer.status, document or {}, wanted)
    if document is None:
        return _useless("it is no JSON object that could be read", wanted)
    return _token(document, wanted)


def silent(server: str, why: str) -> OAuthError:
    """Return what the client is told when there is no answer."""
    detail = f"{server} does not answer: {why}"
    return TemporarilyUnavailable("upstream_down", detail=detail, retry_after=5)


def _token(document: JsonObject, wanted: Wanted) -> Came | Declined:
    text, scheme = document.get("access_token"), document.get("token_type")
    if not isinstance(text, str) or _TOKEN.fullmatch(text) is None:
        return _useless("it has no access_token, or one that no header could hold", wanted)
    if any(secret in text for secret in wanted.secrets):
        return _useless("its access_token holds what was sent to it", wanted)
    if document.get("issued_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        return _useless("what it issued is no access token (issued_token_type)", wanted)
    known = _SCHEMES.get(scheme.lower()) if isinstance(scheme, str) else None
    if known is None or (known == "DPoP" and not wanted.bound):
        return _useless("its token_type is none that was asked for", wanted)
    if known != "DPoP" and wanted.bound:
        detail = f"{wanted.server} gave a {known} token, and the grant asks for one that is bound to a key"
        return Declined(error=BadGateway("unbound_there", detail=detail), said={})
    life = document.get("expires_in")
    if life is not None and not (type(life) is int and 0 < life <= _LONGEST_LIFE):
        return _useless("its expires_in is no number of seconds", wanted)
    scope = _scope(document, wanted)
    if scope is None or not scope <= wanted.scope:
        return _useless("its scope is malformed, or more than the grant had", wanted)
    dropped = tuple(sorted(one for one in document if one not in _READ and _is_word(one, wanted.secrets))[:8])
    return Came(token=Secret(text), scheme=known, expires_in=life, scope=scope, dropped=dropped)


def _scope(document: JsonObject, wanted: Wanted) -> frozenset[str] | None:
    if "scope" not in document:
        return wanted.scope
    said = document["scope"]
    if said == "" and not wanted.scope:
        return frozenset()
    return parse_scope(said) if isinstance(said, str) else None


def _declined(status: int, document: JsonObject, wanted: Wanted) -> Declined:
    word = document.get("error")
    error = word if isinstance(word, str) and _is_word(word, wanted.secrets) else None
    said: dict[str, str | int] = {"status": status}
    said |= {} if error is None else {"error": error}
    description = _harmless(document.get("error_description"), wanted.secrets)
    said |= {"description": description} if description else {}
    answered = f"{wanted.server} answered {error or 'no error that it names'} ({status})"
    if status >= 500 or status == 429 or error in _LATER:
        return Declined(error=silent(wanted.server, answered), said=said)
    if error in _OF_US or (error is None and status in (401, 403)):
        return Declined(error=BadGateway("not_known_there", detail=answered), said=said)
    if error is None or status not in (400, 401, 403):
        return Declined(error=BadGateway("bad_answer_there", detail=answered), said=said)
    # It is unwilling to issue a token for the target (RFC 8693 section 2.2.2). Of a narrower one nobody knows
    # anything, but of scopes: less may be given.
    kind = InvalidScope if error == "invalid_scope" else InvalidTarget
    return Declined(error=kind("refused_there", detail=answered), said=said)


def _useless(why: str, wanted: Wanted) -> Declined:
    detail = f"what {wanted.server} answered is not handed on: {why}"
    return Declined(error=BadGateway("bad_answer_there", detail=detail), said={})


def _is_word(text: str, secrets: tuple[str, ...]) -> bool:
    """Whether a stranger's word is one as the specifications have them, and nothing that was sent there."""
    return _WORD.fullmatch(text) is not None and not any(secret in text for secret in secrets)


def _harmless(text: Json, secrets: tuple[str, ...]) -> str:
    """Return what a stranger wrote: printable, without secrets, and cut after that: none is halved."""
    if not isinstance(text, str):
        return ""
    for secret in secrets:
        text = text.replace(secret, "[removed]")
    printable = "".join(char if " " <= char <= "~" else "?" for char in text)
    return Redaction(secrets).text(printable)[:_MOST_SAID]
