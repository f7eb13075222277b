"""Refresh tokens (RFC 6749 section 6), without I/O: asking for one, and doing the exchange again with it.

One is good once: whoever uses it gets the next one with the new access token. So nothing here is asked twice,
unless it certainly did not arrive, and those who refresh with the same one at the same time share one answer.

Left to others: how a request is sent, and proven (`asking`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, final

from actas_sdk.dpop import DpopKey
from actas_sdk.errors import BadAnswer, Misconfigured, NoPerson
from actas_sdk.flow import Answer
from actas_sdk.jws import LONGEST_TOKEN
from actas_sdk.party import Party
from actas_sdk.requests import TOKEN_TYPE, Wanted, scope_set, target, target_field
from actas_sdk.responses import granted, json_of
from actas_sdk.responses import token as token_response
from actas_sdk.strict_json import NotStrict, encodable, text_or_none
from actas_sdk.token import Hidden, Token

__all__ = ["REFRESH_TOKEN", "Refresh", "RefreshToken", "Renewed", "begun", "refresh_with"]

REFRESH_TOKEN: Final = TOKEN_TYPE + "refresh_token"


@final
class RefreshToken(Hidden):
    """Leave to do an exchange again, for somebody who is not there. Good once, and for this service alone.

    It does not print, format, log, pickle or serialise. To keep it for later, keep what `reveal` returns
    where nobody else reads it, before anything else is done.

    Attributes:
        audience: the API that it brings tokens for, as it was asked for.
        scopes: what they may do there at most.
        expires_at: seconds since the epoch, when it ends unless it is used; None when nobody said.
    """

    __slots__ = ("audience", "expires_at", "scopes")

    def __init__(
        self,
        text: str,
        *,
        audience: str = "",
        scopes: Iterable[str] = (),
        expires_at: float | None = None,
    ) -> None:
        super().__init__(text)
        self.audience = audience
        self.scopes = frozenset(scopes)
        self.expires_at = expires_at


class Renewed(NamedTuple):
    """What a refresh token brings.

    Attributes:
        token: the new access token.
        refresh: what the next one is got with: the one that was used is used up.
    """

    token: Token
    refresh: RefreshToken


def begun(answer: Answer, *, wanted: Wanted, asked_at: float) -> RefreshToken:
    """Return the refresh token that was asked for (RFC 8693 section 2.2.1).

    Raises:
        Refused: the answer is no; `SignInAgain` and `Unreachable` likewise.
        BadAnswer: the answer breaks its specification.
    """
    given = granted(answer, wanted=wanted, kind=REFRESH_TOKEN, scheme="N_A")
    expires_at = None if given.life is None else asked_at + given.life
    return RefreshToken(given.text, audience=wanted.to, scopes=given.scopes, expires_at=expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """An exchange that is to be done again.

    Attributes:
        held: leave to do it.
        to: the API, when it was for several and shall be for one; empty for those of the first time.
        scopes: what the token shall be good for; empty for all that was granted at first.
    """

    held: RefreshToken
    to: str
    scopes: frozenset[str]

    @property
    def key(self) -> bytes:
        """What those share who ask for the same with one token at the same time."""
        said = json.dumps(["refresh", self.held.reveal(), self.to, sorted(self.scopes)])
        return hashlib.sha256(said.encode("utf-8")).digest()

    @property
    def form(self) -> list[tuple[str, str]]:
        """What is asked (RFC 6749 section 6)."""
        form = [("grant_type", "refresh_token"), ("refresh_token", self.held.reveal())]
        if self.to:
            form.append(target_field(self.to))
        if self.scopes:
            form.append(("scope", " ".join(sorted(self.scopes))))
        return form

    def read(self, answer: Answer, *, client: Party, asked_at: float, dpop: DpopKey | None) -> Renewed:
        """Return what was granted. A server that gives no other refresh token goes on with the same one.

        Raises:
            Refused: the answer is no; `SignInAgain` and `Unreachable` likewise.
            BadAnswer: the answer breaks its specification.
        """
        before = self.held
        wanted = Wanted(
            subject=None, subject_type="", to=self.to or before.audience, scopes=self.scopes or before.scopes
        )
        token = token_response(answer, wanted=wanted, client=client, asked_at=asked_at, dpop=dpop)
        try:
            following = text_or_none(json_of(answer), "refresh_token", longest=LONGEST_TOKEN)
        except NotStrict as fault:
            raise BadAnswer(f"the token answer of {answer.url}: {fault}") from None
        if following is None:
            return Renewed(token, before)
        return Renewed(token, RefreshToken(following, audience=before.audience, scopes=before.scopes))


def refresh_with(token: RefreshToken | str, *, to: str | None, scopes: Iterable[str]) -> Refresh:
    """Return the exchange that is to be done again with ``token``.

    Raises:
        NoPerson: it is empty.
        Misconfigured: it, ``to`` or the scopes cannot be sent.
    """
    held = token if isinstance(token, RefreshToken) else RefreshToken(token.strip())
    if not held.reveal():
        raise NoPerson("no refresh token was given; nothing was sent")
    if len(held.reveal()) > LONGEST_TOKEN or not encodable(held.reveal()):
        raise Misconfigured("the refresh token is too long, or is not text that can be sent")
    return Refresh(held=held, to="" if to is None else target(to), scopes=scope_set(scopes))
