"""What is asked for: the flags of ``exchange`` made into one request at the token endpoint (RFC 8693 2.1)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from actas.cli.exits import misused
from actas.cli.look import look
from actas.cli.tokens import TokenText
from actas.core.details import Details
from actas.core.wire import (
    ACCESS_TOKEN,
    CLIENT_CREDENTIALS,
    ID_JAG,
    ID_TOKEN,
    JWT,
    JWT_BEARER,
    REFRESH_TOKEN,
    SUBJECT,
    TOKEN_EXCHANGE,
    TokenType,
)

SHORT_TYPES: Final[dict[str, TokenType]] = {
    "access": ACCESS_TOKEN,
    "id": ID_TOKEN,
    "jwt": JWT,
    "refresh": REFRESH_TOKEN,
}
"""The token types by the words of the flags; anything else is a URI."""

REQUESTABLE: Final[dict[str, TokenType]] = {
    "access": ACCESS_TOKEN,
    "refresh": REFRESH_TOKEN,
    "id-jag": ID_JAG,
    "jwt": JWT,
}
"""What can be asked for, by the words of ``--for``."""

ABROAD: Final = frozenset({ID_JAG, JWT})
"""What of it is a grant for another domain's server: an identity assertion, or a plain one."""


_BY_LOOK: Final[dict[str, TokenType]] = {
    "access_token": ACCESS_TOKEN,
    "reference": ACCESS_TOKEN,
    "id_token": ID_TOKEN,
    "refresh": REFRESH_TOKEN,
}
"""What a token is declared as that can be told by its looks."""

_SAYS_WHAT_IT_ALLOWS: Final = frozenset({"scp", "scopes", "permissions", "appid"})
"""Claims of access tokens of issuers that give them no ``typ`` of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedToken:
    """A token to present, with the type it is declared as."""

    text: TokenText
    type: TokenType


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One request for a token.

    Attributes:
        subject: whom the token shall speak about; None asks for the client's own.
        actor: who shall use it; None is the client.
        scope: what shall be allowed; empty asks for what the server gives.
        requested: what kind of token it shall be.
        whom: the person that the subject wants to act as, when the subject is an administrator.
        reason: why; ``ticket`` likewise.
        details: the authorization details that a grant shall say (RFC 9396).
        redeems: whether ``subject`` is a grant of another domain, which says everything itself.
    """

    subject: TypedToken | None
    actor: TypedToken | None = None
    audience: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    requested: TokenType = ACCESS_TOKEN
    whom: str | None = None
    reason: str | None = None
    ticket: str | None = None
    redeems: bool = False
    details: Details = ()

    @property
    def named(self) -> str | None:
        """Whom an administrator, or the client itself, is to act as: the person that is only named."""
        if self.whom is not None:
            return self.whom
        subject = self.subject
        return subject.text.value.reveal() if subject is not None and subject.type == SUBJECT else None

    @property
    def targets(self) -> tuple[str, ...]:
        """What the token shall be for, as asked."""
        return (*self.audience, *self.resource)

    def form(self) -> tuple[tuple[str, str], ...]:
        """Return the fields of the request, without those that prove who the client is."""
        fields: list[tuple[str, str]] = []
        if self.subject is None:
            fields.append(("grant_type", CLIENT_CREDENTIALS))
        elif self.redeems:
            fields += [("grant_type", JWT_BEARER), ("assertion", self.subject.text.value.reveal())]
        else:
            fields.append(("grant_type", TOKEN_EXCHANGE))
            fields += [("subject_token", self.subject.text.value.reveal())]
            fields += [("subject_token_type", self.subject.type)]
            fields += [("requested_token_type", self.requested)]
        if self.actor is not None:
            fields += [("actor_token", self.actor.text.value.reveal())]
            fields += [("actor_token_type", self.actor.type)]
        named = (("requested_subject", self.whom), ("reason", self.reason), ("ticket", self.ticket))
        fields += [(name, value) for name, value in named if value is not None]
        fields += [("audience", one) for one in self.audience]
        fields += [("resource", one) for one in self.resource]
        if self.scope:
            fields.append(("scope", " ".join(self.scope)))
        if self.details:
            fields.append(("authorization_details", json.dumps(self.details)))
        return tuple(fields)


def addressed(
    requested: TokenType, *, to: str | None, audience: tuple[str, ...], resource: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return what the token shall be for: of a grant for another domain, the issuer of its server alone. Of
    an access token that is one of another server, for which the grant is redeemed here.

    Args:
        requested: what kind of token it shall be.
        to: the issuer, as typed, or None.
        audience: what was typed as ``--audience``; ``resource`` likewise, which may name the server of a
            plain grant too.

    Raises:
        Failure: the flags do not go together (exit 2).
    """
    if requested not in ABROAD:
        if to is not None and requested != ACCESS_TOKEN:
            raise misused(
                "--to names another domain's server", hint="--for id-jag or jwt, or else --audience"
            )
        return (*(() if to is None else (to,)), *audience)
    named = (*(() if to is None else (to,)), *audience)
    if requested == JWT and not named and resource:
        return ()
    if len(named) != 1:
        raise misused("such a grant is for one server of another domain", hint="--to ISSUER")
    return named


def guessed(text: str) -> TokenType | None:
    """Return which type of token a text seems to be; None when it could be one or another.

    Nothing follows from it but what is declared: the server judges the token by that, as if it were typed.
    """
    seen = look(text)
    if seen.type == "id_token" and not _SAYS_WHAT_IT_ALLOWS.isdisjoint(seen.claims):
        return None
    return _BY_LOOK.get(seen.type)


def token_type(word: str | None, text: TokenText, *, flag: str, usual: TokenType = ACCESS_TOKEN) -> TokenType:
    """Return the type to declare a token as.

    Args:
        word: as typed, or None: then what a saved token is known to be, else what it looks like, else
            ``usual``.
        text: the token.
        flag: the flag, for the message.

    Raises:
        Failure: the word is neither a short one nor a URI (exit 2).
    """
    if word is None and text.saved is not None:
        return TokenType(text.saved.token_type)
    if word is None:
        return guessed(text.value.reveal()) or usual
    if word in SHORT_TYPES:
        return SHORT_TYPES[word]
    if ":" not in word:
        raise misused(f"{flag}: {word!r} is neither a URI nor one of {', '.join(SHORT_TYPES)}")
    return TokenType(word)
