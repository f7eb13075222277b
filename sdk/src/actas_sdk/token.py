"""A token that does not show itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NoReturn, Self, final

from actas_sdk.party import Party, sentence

__all__ = ["Token"]


@final
class Token:
    """An access token and what it is good for. Only `reveal` and `headers` give the text away.

    It does not print, format, log, pickle or serialise: a token in a log is a token lost.

    Attributes:
        audience: the API it is for, as it was asked for.
        scopes: what it may do there.
        chain: the subject followed by every actor, oldest first; empty when nobody is known.
        expires_at: seconds since the epoch, or None when the server did not say.
    """

    __slots__ = ("_text", "audience", "chain", "expires_at", "scopes")

    def __init__(
        self,
        text: str,
        *,
        audience: str,
        scopes: Iterable[str] = (),
        chain: Sequence[Party] = (),
        expires_at: float | None = None,
    ) -> None:
        self._text = text
        self.audience = audience
        self.scopes = frozenset(scopes)
        self.chain = tuple(chain)
        self.expires_at = expires_at

    @property
    def sentence(self) -> str:
        """What the token means: *orders may use stock:read at inventory, acting for alice, …*."""
        return sentence(self.chain, scopes=self.scopes, target=self.audience)

    def reveal(self) -> str:
        """Return the token's text."""
        return self._text

    def headers(self, method: str = "GET", url: str = "") -> dict[str, str]:
        """Return the headers that present this token (RFC 6750 section 2.1).

        Args:
            method: of the request they are for.
            url: of the request they are for.
        """
        del method, url  # a bearer token is presented the same way to every request
        return {"Authorization": f"Bearer {self._text}"}

    def __repr__(self) -> str:
        return f"Token(audience={self.audience!r}, scopes={sorted(self.scopes)!r}, …)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Token is not pickled")
