"""The async client: `Actas` asks for tokens, `Verifier` checks them. All they decide is in the core."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self, TypeVar

import httpx2

from actas_sdk.asking import Asking
from actas_sdk.async_wire import AsyncWire
from actas_sdk.auth import ActingFor
from actas_sdk.caller import Caller
from actas_sdk.checking import Checking
from actas_sdk.client_base import AskingClient
from actas_sdk.refreshing import RefreshToken, Renewed, refresh_with
from actas_sdk.requests import Wanted, wanted_for, wanted_own
from actas_sdk.resource import Resource, described
from actas_sdk.token import Token
from actas_sdk.verifier_base import CheckingClient
from actas_sdk.wired import Wired

__all__ = ["Actas", "Verifier"]

Core = TypeVar("Core")


class _Awaiting(Wired[httpx2.AsyncClient, AsyncWire, Core]):
    """Sends by awaiting, and closes what it opened."""

    async def aclose(self) -> None:
        """Stop what is in flight and close what was opened. It may be used again afterwards."""
        await self._wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _open(
        self, http: httpx2.AsyncClient | None, *, trust_env: bool, tls: ssl.SSLContext | None = None
    ) -> AsyncWire:
        return AsyncWire(http, trust_env=trust_env, tls=tls)

    def _over(self, transport: httpx2.MockTransport) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=transport)


class Actas(_Awaiting[Asking], AskingClient[httpx2.AsyncClient, AsyncWire]):
    """Asks one server for tokens on behalf of this service.

    Tokens are kept under a digest of the subject token and of everything asked, so one person's
    token never serves another, nor the same person after a new sign-in. They are renewed before
    they expire, and those who want the same one at the same time share one request.

    Args:
        issuer: the server's issuer identifier: https, or http on the loopback address.
        client_id: the name this service is registered under.
        client_secret: its secret, or
        client_key: its private key: a JWK, or the path of a file that holds one.
        credentials: another way to prove it, in place of these three: `ClientSecretJwt`, `MutualTls` or
            `Workload`.
        dpop: whether to ask for tokens that are bound to a key of this service (RFC 9449), and to prove it
            with every request: True for a key that this object makes, or a key. Tokens that are not bound are
            refused.
        http: the client to send through, which stays yours to close. None opens one.
        world: time and chance, for tests.

    Raises:
        Misconfigured: one of these cannot work.
    """

    async def exchange(
        self,
        whom: Caller | Token | str | None,
        *,
        to: str,
        scopes: Iterable[str] = (),
        subject_type: str = "access_token",
    ) -> Token:
        """Return a token with which this service acts for ``whom`` at ``to`` (RFC 8693).

        Args:
            whom: a verified caller, or the token to act for.
            to: the API's address or registered name.
            scopes: what the token shall be good for; without any the server chooses.
            subject_type: what kind of token it is: ``access_token`` of this server, ``id_token`` or
                ``jwt`` of an issuer it trusts, or the URI of another kind.

        Raises:
            NoPerson: ``whom`` holds no token. Nothing was sent, nothing else was tried.
            Refused: the answer is no.
            SignInAgain: the token is too old or too weak.
            Unreachable: no answer, after repeats where they are harmless.
            BadAnswer: the server answered what it must not.
            Misconfigured: ``to`` or the scopes cannot be sent.
        """
        return await self._obtain(wanted_for(whom, to=to, scopes=scopes, subject_type=subject_type))

    async def own_token(self, *, to: str, scopes: Iterable[str] = ()) -> Token:
        """Return a token for this service's own authority, for nobody else's (RFC 6749 section 4.4).

        Args:
            to: as for `exchange`.
            scopes: as for `exchange`.

        Raises:
            Refused: and `Unreachable`, `BadAnswer`, `Misconfigured`, as `exchange`.
        """
        return await self._obtain(wanted_own(to=to, scopes=scopes))

    async def refresh_token(
        self,
        whom: Caller | Token | str | None,
        *,
        to: str,
        scopes: Iterable[str] = (),
        subject_type: str = "id_token",
    ) -> RefreshToken:
        """Return leave to do this exchange again later, while the person is away (RFC 6749 section 6).

        A rule of the server must say that there is one (``token.refresh``), and the token must be of an
        issuer that it trusts: its own tokens begin none.

        Args:
            whom: as for `exchange`.
            to: as for `exchange`.
            scopes: as for `exchange`.
            subject_type: as for `exchange`.

        Raises:
            NoPerson: and what else `exchange` raises.
        """
        wanted = wanted_for(whom, to=to, scopes=scopes, subject_type=subject_type)
        return await self._wire.run(self._core.begin(wanted))

    async def refresh(
        self, token: RefreshToken | str, *, to: str | None = None, scopes: Iterable[str] = ()
    ) -> Renewed:
        """Do an exchange again with a refresh token: ``access, kept = await actas.refresh(kept)``.

        The one that was used is used up, and using it again later ends everything that came of it. Keep the
        next one before anything else is done. One task or thread refreshes for all who need the token: of one
        process, those who ask for the same at the same time share one answer.

        Args:
            token: the newest one, or its text.
            to: one API, when the exchange was for several; those of the first time when left out.
            scopes: less than was granted at first; all of it when left out.

        Raises:
            NoPerson: ``token`` is empty.
            Refused: the answer is no. The `Refused.reason` is ``refresh_repeated`` when somebody used this
                one a moment ago, and ``refresh_reused`` when that was earlier: then everything has ended.
            SignInAgain: it has ended; only the person can begin again.
            Unreachable: no answer came. When the request may have arrived, only the person can begin again.
            BadAnswer: the server answered what it must not.
            Misconfigured: ``token``, ``to`` or the scopes cannot be sent.
        """
        return await self._wire.run(self._core.refresh(refresh_with(token, to=to, scopes=scopes)))

    def acting_for(
        self,
        whom: Caller | Token | str | None,
        *,
        to: str,
        scopes: Iterable[str] = (),
        subject_type: str = "access_token",
    ) -> ActingFor:
        """Return an auth object for an async HTTP client that calls ``to`` for ``whom``.

        It exchanges with the first request and renews by itself. Use one client per person: the
        token goes wherever that client is told to go.

        Args:
            whom: as for `exchange`.
            to: as for `exchange`.
            scopes: as for `exchange`.
            subject_type: as for `exchange`.

        Raises:
            NoPerson: ``whom`` holds no token.
            Misconfigured: ``to`` or the scopes cannot be sent.
        """
        wanted = wanted_for(whom, to=to, scopes=scopes, subject_type=subject_type)
        return ActingFor(wanted, obtain=self._obtain, forget=self._forget)

    async def about(self, api: str) -> Resource:
        """Return what an API says about itself (RFC 9728): whose tokens it takes, and how they are shown.

        Args:
            api: its address, as a person or your configuration names it.

        Raises:
            BadAnswer: what it says is about another resource, or is not what it must be. Nothing of it is
                used.
            Unreachable: no answer, after repeats.
            Misconfigured: ``api`` is no https address.
        """
        return await self._wire.run(described(api, world=self._world))

    async def _obtain(self, wanted: Wanted) -> Token:
        return await self._wire.run(self._core.obtain(wanted))

    def _forget(self, wanted: Wanted) -> None:
        self._core.forget(wanted)


class Verifier(_Awaiting[Checking], CheckingClient[httpx2.AsyncClient, AsyncWire]):
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
