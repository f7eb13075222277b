"""The async `Verifier`, which checks tokens. All it decides is in the core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import httpx2

from actas_sdk.async_wire import AsyncWire
from actas_sdk.awaiting import Awaiting
from actas_sdk.caller import Caller
from actas_sdk.checking import Checking
from actas_sdk.verifier_base import CheckingClient

__all__ = ["Verifier"]


class Verifier(Awaiting[Checking], CheckingClient[httpx2.AsyncClient, AsyncWire]):
    """Checks the access tokens that reach an API (RFC 9068 section 4).

    Keys are fetched when they are first needed, kept for five minutes, and asked for again at once
    when a token names one that is not known, though never twice in thirty seconds.

    Args:
        issuer: whose tokens are believed: https, or http on the loopback address.
        audience: what must be in a token's ``aud``: this API's address or registered name.
        algorithms: what tokens may be signed with; symmetric ones are never possible.
        bound: whether only tokens that are bound to a key are taken (RFC 9449, RFC 8705). A token that is
            bound is taken only from whoever holds its key in any case.
        proofs: where used proofs are remembered: something that several processes share, or None for a memory
            of this process.
        nonce_key: 32 random bytes that all processes of this API share: then proofs must hold its nonces.
        revocation: whether to follow what the server says was revoked, and refuse such tokens, and all that
            was made from them, within five seconds. It is asked every second, beside the requests. Then this
            service proves who it is, in one of the ways of `Actas`.
        revocation_within: seconds after which what was read of it is not believed any more, and every token
            is refused with `Unreachable` until it can be read again: 2 to 300.
        introspection: whether tokens that are no JWTs are taken, by asking the server about them (RFC 7662);
            ``signed`` for answers that are signed (RFC 9701). The server answers only the API that a token is
            for, and this service proves to be that.
        introspection_kept: seconds for which an answer about a token is believed, 0 to 5: for so long a token
            that was revoked is still taken.
        client_id: the name this service is registered under, for these two.
        client_secret: its secret, or
        client_key: its private key: a JWK, or the path of a file that holds one.
        credentials: another way to prove it, in place of these three.
        http: the client to ask through, which stays yours to close. None opens one.
        world: time and chance, for tests.

    Raises:
        Misconfigured: one of these cannot work.
    """

    async def check(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]],
        scopes: Iterable[str] = (),
        certificate: bytes | None = None,
    ) -> Caller:
        """Return who sends this request.

        Args:
            method: of the request.
            url: of the request, whole, as its sender sees it: a proof is for one address. Take scheme and
                host from your configuration, not from the request.
            headers: of the request; the token is only looked for in ``Authorization``, its proof in ``DPoP``.
            scopes: what the caller must be allowed.
            certificate: the client certificate whose key the connection proved, in DER, or None.

        Raises:
            InvalidToken: it carries no token that holds; `NoToken`, `AmbiguousToken`, `InvalidProof` and
                `StaleNonce` are kinds of it.
            MissingScope: the token holds but lacks a scope.
            Unreachable: the keys, or what was revoked, could not be had: answer 503, not 401.
            BadAnswer: the issuer's keys are not what they must be: answer 503 as well.
        """
        self.follow()
        return await self._wire.run(
            self._core.check(headers, method=method, url=url, certificate=certificate, scopes=scopes)
        )

    async def check_token(self, token: str, *, scopes: Iterable[str] = ()) -> Caller:
        """Return who holds ``token``.

        Args:
            token: the text that was presented.
            scopes: as for `check`.

        Raises:
            InvalidToken: and `MissingScope`, `Unreachable`, `BadAnswer`, as `check`.
        """
        self.follow()
        return await self._wire.run(self._core.check_token(token, scopes=scopes))
