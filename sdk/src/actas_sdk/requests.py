"""What to send. Pure: settings in, an `Ask` out. What comes back is read by `responses`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from actas_sdk.address import absolute
from actas_sdk.caller import Caller
from actas_sdk.credentials import Proof
from actas_sdk.dpop import DpopKey
from actas_sdk.errors import Misconfigured, NoPerson
from actas_sdk.flow import Ask
from actas_sdk.jws import LONGEST_TOKEN
from actas_sdk.strict_json import encodable
from actas_sdk.token import Token

__all__ = [
    "ACCESS_TOKEN",
    "TOKEN_TYPE",
    "Wanted",
    "document",
    "form_of",
    "held",
    "posted",
    "target",
    "target_field",
    "wanted_for",
    "wanted_own",
]

TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:"
ACCESS_TOKEN: Final = TOKEN_TYPE + "access_token"
SHORT_TYPES: Final = {name: TOKEN_TYPE + name for name in ("access_token", "id_token", "jwt")}
"""Token types by the short names people may use (RFC 8693 section 3)."""

_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_LARGEST_DOCUMENT: Final = 256 * 1024
_LARGEST_ANSWER: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One token that is wanted.

    Attributes:
        subject: whose token is exchanged, or None for this service's own authority.
        subject_type: the declared type of ``subject``.
        to: the API it is for.
        scopes: what it shall be good for; empty leaves that to the server.
    """

    subject: Token | None
    subject_type: str
    to: str
    scopes: frozenset[str]

    @property
    def key(self) -> bytes:
        """What the token is kept under: a digest of the subject *token* and of everything asked.

        Never of a user id: a person who has just signed in more strongly holds another token, and
        must not be served what the older one bought.
        """
        subject = None if self.subject is None else self.subject.reveal()
        said = json.dumps([subject, self.subject_type, self.to, sorted(self.scopes)])
        return hashlib.sha256(said.encode("utf-8")).digest()

    @property
    def repeatable(self) -> bool:
        """Whether sending the request again does no harm.

        An exchange does not consume its input unless the input is good for one use only (TX-48),
        and of a type we do not know we must assume that.
        """
        return self.subject is None or self.subject_type in SHORT_TYPES.values()


def wanted_for(
    whom: Caller | Token | str | None, *, to: str, scopes: Iterable[str], subject_type: str
) -> Wanted:
    """Return the exchange that is wanted for ``whom``.

    Raises:
        NoPerson: there is no token to act for.
        Misconfigured: ``to``, the scopes or the type cannot be sent.
    """
    subject = held(whom)
    declared = SHORT_TYPES.get(subject_type, subject_type)
    if ":" not in declared or not declared.isprintable() or len(declared) > 1024:
        raise Misconfigured("the subject type is none of access_token, id_token, jwt, nor a URI")
    return Wanted(subject=subject, subject_type=declared, to=target(to), scopes=scope_set(scopes))


def held(whom: Caller | Token | str | None) -> Token:
    """Return the token to act for ``whom`` with.

    Raises:
        NoPerson: there is none.
        Misconfigured: it cannot be sent.
    """
    found = whom.token if isinstance(whom, Caller) else whom
    if isinstance(found, str):
        found = Token(found.strip(), audience="")
    if found is None or not found.reveal():
        raise NoPerson("no token to act for was given; nothing was sent")
    if len(found.reveal()) > LONGEST_TOKEN or not encodable(found.reveal()):
        raise Misconfigured("the token to act for is too long, or is not text that can be sent")
    return found


def wanted_own(*, to: str, scopes: Iterable[str]) -> Wanted:
    """Return the token that is wanted for this service itself.

    Raises:
        Misconfigured: ``to`` or the scopes cannot be sent.
    """
    return Wanted(subject=None, subject_type="", to=target(to), scopes=scope_set(scopes))


def document(url: str) -> Ask:
    """Return the request for a public JSON document."""
    return Ask(
        method="GET",
        url=url,
        headers={"Accept": "application/json, application/jwk-set+json", "Accept-Encoding": "identity"},
        largest=_LARGEST_DOCUMENT,
    )


def form_of(wanted: Wanted, *, requested: str = ACCESS_TOKEN) -> list[tuple[str, str]]:
    """Return what is asked: RFC 8693 section 2.1, or RFC 6749 section 4.4 for our own authority.

    Args:
        requested: the type of the token that an exchange shall give.
    """
    form: list[tuple[str, str]] = []
    if wanted.subject is None:
        form.append(("grant_type", "client_credentials"))
    else:
        form += [
            ("grant_type", _EXCHANGE),
            ("subject_token", wanted.subject.reveal()),
            ("subject_token_type", wanted.subject_type),
            ("requested_token_type", requested),
        ]
    form.append(target_field(wanted.to))
    if wanted.scopes:
        form.append(("scope", " ".join(sorted(wanted.scopes))))
    return form


def target_field(to: str) -> tuple[str, str]:
    """Return what names an API: an address is a `resource` (RFC 8707 section 2), else it is an `audience`."""
    return ("resource" if absolute(to) else "audience", to)


def posted(
    form: Iterable[tuple[str, str]], *, endpoint: str, proof: Proof, dpop: DpopKey | None = None
) -> Ask:
    """Return the request at the token endpoint.

    Args:
        form: what is asked.
        proof: who asks.
        dpop: the key that the token shall be bound to, or None.
    """
    return Ask(
        method="POST",
        url=endpoint,
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/x-www-form-urlencoded",
            **proof.headers,
            **({} if dpop is None else {"DPoP": dpop.proof("POST", endpoint)}),
        },
        body=urlencode([*form, *proof.form]).encode("ascii"),
        largest=_LARGEST_ANSWER,
    )


def scope_set(scopes: Iterable[str]) -> frozenset[str]:
    """Return ``scopes`` as a set, each checked against the grammar of RFC 6749 section 3.3.

    Raises:
        Misconfigured: one of them is not a scope; or they are one string, whose letters would
            otherwise each become a scope.
    """
    if isinstance(scopes, str):
        raise Misconfigured("scopes are a list of names, not one text")
    found = frozenset(scopes)
    if not all(is_scope(each) for each in found):
        raise Misconfigured("a scope is text without spaces, quotes or backslashes")
    return found


def is_scope(name: str) -> bool:
    """Say whether ``name`` is one scope (RFC 6749 section 3.3)."""
    return 0 < len(name) <= 256 and all("!" <= each <= "~" and each not in '"\\' for each in name)


def target(to: str) -> str:
    """Return the name or address of an API, as it can be sent.

    Raises:
        Misconfigured: it cannot.
    """
    if not to or len(to) > 1024 or not to.isprintable():
        raise Misconfigured("name the API the token is for, with to=...")
    return to
