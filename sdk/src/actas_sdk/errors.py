"""Everything that can go wrong, as one tree.

::

    ActasError
    ├── Misconfigured      the settings cannot work; found before anything is sent
    ├── NoPerson           there is no token to act for; nothing was sent
    ├── Refused            the server's answer is no: final, never retried, never worked around
    │   └── ClientRefused  it is this service that the server does not accept, whoever it acts for
    ├── SignInAgain        the person's token is too old or too weak; a fresh sign-in helps
    ├── Unreachable        no answer; already retried where a repeat is harmless
    ├── BadAnswer          the server answered what it must not; nothing of the answer is used
    ├── InvalidToken       a token presented to us does not hold: 401
    │   ├── NoToken         none was presented: 401 without an error code
    │   ├── InvalidProof    the token is bound to a key, and the proof of it does not hold: 401
    │   │   └── StaleNonce  the proof must hold a nonce, which the answer has: 401
    │   └── AmbiguousToken  more than one was presented: 400
    └── MissingScope       the token holds but does not carry the scope: 403

Down to `BadAnswer` they come from asking for tokens (`Actas`); `InvalidToken` and `MissingScope` come
from checking them (`Verifier`), which can also meet `Unreachable` and `BadAnswer`: keys or revocations
out of reach say nothing about the token, so that is never an `InvalidToken`.

No error carries a token: not in its text, its attributes, its cause or its context. Each has a
**sentence** that is safe to show to whoever called, and a **detail** for the log.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import ClassVar, Final, Literal

__all__ = [
    "ActasError",
    "AmbiguousToken",
    "BadAnswer",
    "ClientRefused",
    "InvalidProof",
    "InvalidToken",
    "Misconfigured",
    "MissingScope",
    "NoPerson",
    "NoToken",
    "Refused",
    "SignInAgain",
    "StaleNonce",
    "Unreachable",
]

TOO_OLD: Final = "fresh_token"
"""`SignInAgain.needs` when the token is merely expired or too old."""


class ActasError(Exception):
    """The root of the tree.

    Args:
        detail: what happened, for the log. Never contains a token.

    Attributes:
        sentence: what may be shown to whoever called.
        server: the issuer identifier of the server it is about, where two were asked; else None.
    """

    server: str | None = None
    default_sentence: ClassVar[str] = "The request could not be completed."

    def __init__(self, detail: str = "", *, sentence: str | None = None) -> None:
        self.sentence = sentence or self.default_sentence
        self.detail = detail
        super().__init__(detail)

    def __str__(self) -> str:
        said = self.detail or self.sentence
        return said if self.server is None else f"{self.server}: {said}"


class Misconfigured(ActasError):
    """The settings cannot work. The message names the setting, never its value when that is a secret."""

    default_sentence = "This service is not set up correctly."


class NoPerson(ActasError):
    """There is no token to act for. Nothing was sent, and nothing else was tried instead.

    A service that means to use its own authority says so with `Actas.own_token`.
    """

    default_sentence = "There is nobody to act for."


class Refused(ActasError):
    """The answer is no. Final: the same request would be refused again.

    Attributes:
        code: ``error`` of the answer (RFC 6749 section 5.2, RFC 8693 section 2.2.2).
        reason: the word after ``#`` in ``error_uri``, such as ``no_rule``, or None.
        entry: the audit entry, for ``actas explain --entry``, or None.
    """

    default_sentence = "The server refused the exchange."

    def __init__(
        self,
        sentence: str = "",
        *,
        code: str = "invalid_request",
        reason: str | None = None,
        entry: str | None = None,
    ) -> None:
        said = [code]
        if reason is not None:
            said.append(f"({reason})")
        if entry is not None:
            said.append(f"[{entry}]")
        super().__init__(f"{' '.join(said)}: {sentence or self.default_sentence}", sentence=sentence)
        self.code = code
        self.reason = reason
        self.entry = entry


class ClientRefused(Refused):
    """The server does not accept this service: a wrong secret or key, or a grant it may not use.

    Nothing about the person can mend it; it is for whoever runs the service.
    """

    default_sentence = "The server does not accept this service."


class SignInAgain(ActasError):
    """The person's token is too old or too weak; the same person can get a better one.

    Attributes:
        needs: ``fresh_token``, or the ``acr_values`` the server wants (RFC 9470 section 3).
        entry: the audit entry, or None.
    """

    default_sentence = "Sign in again to go on."

    def __init__(self, sentence: str = "", *, needs: str = TOO_OLD, entry: str | None = None) -> None:
        super().__init__(f"{needs}: {sentence or self.default_sentence}", sentence=sentence)
        self.needs = needs
        self.entry = entry

    def challenge(self) -> dict[str, str]:
        """Return the header to send with 401, so that the person's client signs in again."""
        if self.needs == TOO_OLD:
            return challenge(error="invalid_token", description="The access token is too old.")
        return challenge(
            error="insufficient_user_authentication",
            description="A stronger sign-in is needed.",
            acr_values=self.needs,
        )


class Unreachable(ActasError):
    """No answer worth having. It was already retried, if a repeat could do no harm.

    Attributes:
        retry_after: seconds the server asked to wait, or None.
        entry: the audit entry, when the server could write one, or None.
    """

    default_sentence = "A service this depends on cannot be reached. Try again later."

    def __init__(self, detail: str = "", *, retry_after: int | None = None, entry: str | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        self.entry = entry


class BadAnswer(ActasError):
    """The server's answer breaks its specification. Nothing of it was used."""

    default_sentence = "A service this depends on gave an answer that makes no sense."


class InvalidToken(ActasError):
    """A presented token does not hold: 401, ``invalid_token`` (RFC 6750 section 3.1).

    The caller is not told which check failed; `detail` says it for the log.

    Attributes:
        scheme: the scheme of the challenge: ``DPoP`` where a proof belongs to the token (RFC 9449 section
            7.1).
    """

    default_sentence = "The access token is malformed, expired, revoked or not meant for this API."
    status: ClassVar[int] = 401
    error: ClassVar[str | None] = "invalid_token"
    scheme: Literal["Bearer", "DPoP"] = "Bearer"

    def challenge(
        self, *, resource_metadata: str | None = None, scopes: Iterable[str] = ()
    ) -> dict[str, str]:
        """Return the ``WWW-Authenticate`` header (RFC 6750 section 3, RFC 9728 section 5.1).

        Args:
            resource_metadata: where this API's protected resource metadata is, if it publishes any.
            scopes: what the resource needs.
        """
        return challenge(
            error=self.error,
            description=self.sentence if self.error else None,
            scheme=self.scheme,
            scope=" ".join(sorted(scopes)) or None,
            resource_metadata=resource_metadata,
        )


class InvalidProof(InvalidToken):
    """The proof of the key that a token is bound to does not hold: 401 (RFC 9449 section 7.1)."""

    default_sentence = "The DPoP proof does not hold."
    error = "invalid_dpop_proof"
    scheme = "DPoP"


class StaleNonce(InvalidProof):
    """The proof must hold a nonce of this API: 401, with a fresh one (RFC 9449 section 9).

    Attributes:
        nonce: the nonce to prove with.
    """

    default_sentence = "The DPoP proof must hold the nonce of this answer."
    error = "use_dpop_nonce"

    def __init__(self, detail: str = "", *, nonce: str = "") -> None:
        super().__init__(detail)
        self.nonce = nonce

    def challenge(
        self, *, resource_metadata: str | None = None, scopes: Iterable[str] = ()
    ) -> dict[str, str]:
        """Return the ``WWW-Authenticate`` header, and the nonce in ``DPoP-Nonce``."""
        said = super().challenge(resource_metadata=resource_metadata, scopes=scopes)
        return {**said, "DPoP-Nonce": self.nonce}


class NoToken(InvalidToken):
    """No token was presented: 401, and no error code (RFC 6750 section 3.1, last paragraph)."""

    default_sentence = "An access token is needed."
    error = None


class AmbiguousToken(InvalidToken):
    """More than one token was presented, so that two readers could see two callers: 400."""

    default_sentence = "The request carries more than one access token."
    status = 400
    error = "invalid_request"


class MissingScope(ActasError):
    """The token holds, but lacks a scope: 403, ``insufficient_scope`` (RFC 6750 section 3.1).

    Args:
        scopes: everything the resource needs.
        missing: the part of it that the token lacks.
    """

    default_sentence = "The access token does not carry the scope this needs."
    status: ClassVar[int] = 403

    def __init__(
        self, detail: str = "", *, scopes: Collection[str] = (), missing: Collection[str] = ()
    ) -> None:
        super().__init__(detail or f"missing scope: {' '.join(sorted(missing))}")
        self.scopes = frozenset(scopes)
        self.missing = frozenset(missing)

    def challenge(self, *, resource_metadata: str | None = None) -> dict[str, str]:
        """Return the ``WWW-Authenticate`` header, which names the scopes needed."""
        return challenge(
            error="insufficient_scope",
            description=self.sentence,
            scope=" ".join(sorted(self.scopes)) or None,
            resource_metadata=resource_metadata,
        )


def challenge(
    *, error: str | None, description: str | None = None, scheme: str = "Bearer", **more: str | None
) -> dict[str, str]:
    """Return one challenge. A character that could end a quoted value early is left out."""
    pairs = {"error": error, "error_description": description, **more}
    said = ", ".join(f'{name}="{_quotable(value)}"' for name, value in pairs.items() if value is not None)
    return {"WWW-Authenticate": f"{scheme} {said}" if said else scheme}


def _quotable(value: str) -> str:
    """Keep to the characters of RFC 6749 appendix A.8: no quote, no backslash, no line end."""
    return "".join(each for each in value if " " <= each <= "~" and each not in '"\\')
