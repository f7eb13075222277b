"""Tokens that do not show themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NoReturn, Self, final

from actas_sdk.dpop import DpopKey
from actas_sdk.errors import Misconfigured
from actas_sdk.party import Party, sentence
from actas_sdk.strict_json import Json

__all__ = ["Hidden", "Token"]


class Hidden:
    """A text that opens something. It does not print, format, log, pickle or serialise."""

    __slots__ = ("_text",)

    audience: str
    scopes: frozenset[str]

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the token's text."""
        return self._text

    def __repr__(self) -> str:
        return f"{type(self).__name__}(audience={self.audience!r}, scopes={sorted(self.scopes)!r}, …)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is not pickled")


@final
class Token(Hidden):
    """An access token and what it is good for. Only `reveal` and `headers` give the text away.

    It does not print, format, log, pickle or serialise: a token in a log is a token lost.

    Attributes:
        audience: the API it is for, as it was asked for.
        scopes: what it may do there.
        authorization_details: what it may do there, as its server said in JSON (RFC 9396); empty when it said
            nothing of it.
        chain: the subject followed by every actor, oldest first; empty when nobody is known.
        expires_at: seconds since the epoch, or None when the server did not say.
        scheme: ``Bearer``; ``DPoP`` when it is bound to a key of this service; ``bound`` when it is bound to
            somebody else's, so that this service can pass it on to be exchanged but not use it.
    """

    __slots__ = ("_key", "audience", "authorization_details", "chain", "expires_at", "scheme", "scopes")

    def __init__(
        self,
        text: str,
        *,
        audience: str,
        scopes: Iterable[str] = (),
        chain: Sequence[Party] = (),
        expires_at: float | None = None,
        scheme: Literal["Bearer", "bound"] = "Bearer",
        key: DpopKey | None = None,
        authorization_details: Sequence[Mapping[str, Json]] = (),
    ) -> None:
        super().__init__(text)
        self._key = key
        self.scheme: Literal["Bearer", "DPoP", "bound"] = scheme if key is None else "DPoP"
        self.audience = audience
        self.scopes = frozenset(scopes)
        self.authorization_details = tuple(authorization_details)
        self.chain = tuple(chain)
        self.expires_at = expires_at

    @property
    def sentence(self) -> str:
        """What the token means: *orders may use stock:read at inventory, acting for alice, …*."""
        return sentence(self.chain, scopes=self.scopes, target=self.audience)

    def headers(self, method: str = "GET", url: str = "") -> dict[str, str]:
        """Return the headers that present this token (RFC 6750 section 2.1, RFC 9449 section 7.1).

        Args:
            method: of the request they are for.
            url: of the request they are for, whole. A token that is bound to a key needs both, each time
                anew.

        Raises:
            Misconfigured: the token is bound to a key that this service does not have, or ``url`` is no
                address.
        """
        if self.scheme == "bound":
            raise Misconfigured("the token is bound to its sender's key; exchange it for one of your own")
        if self._key is None:
            return {"Authorization": f"Bearer {self._text}"}
        proof = self._key.proof(method, url, token=self._text)
        return {"Authorization": f"DPoP {self._text}", "DPoP": proof}

    def learn(self, url: str, nonce: str | None) -> bool:
        """Keep the ``DPoP-Nonce`` of an answer for the next proof; say whether it is a new one.

        Args:
            url: of the request that was answered.
            nonce: the header's value, or None.
        """
        return self._key is not None and self._key.learn(url, nonce)
