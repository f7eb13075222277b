"""The async `Actas`, which asks for tokens. All it decides is in the core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import httpx2

from actas_sdk.asking import Asking
from actas_sdk.async_wire import AsyncWire
from actas_sdk.auth import ActingFor
from actas_sdk.awaiting import Awaiting
from actas_sdk.caller import Caller
from actas_sdk.client_base import AskingClient
from actas_sdk.credentials import Credentials
from actas_sdk.granting import Grant, GrantKind, api_named, wanted_across
from actas_sdk.refreshing import RefreshToken, Renewed, refresh_with
from actas_sdk.requests import Wanted, wanted_for, wanted_own
from actas_sdk.resource import Resource, described
from actas_sdk.strict_json import Json
from actas_sdk.token import Token

__all__ = ["Actas"]


class Actas(Awaiting[Asking], AskingClient[httpx2.AsyncClient, AsyncWire]):
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

    async def cross_app(
        self,
        whom: Caller | Token | str | None,
        *,
        to: str,
        resource: str,
        scopes: Iterable[str] = (),
        authorization_details: Sequence[Mapping[str, Json]] = (),
        there: Credentials,
        subject_type: str = "id_token",
        grant: GrantKind = "id_jag",
    ) -> Token:
        """Return a token of another company's server for ``resource``, with no consent screen (ID-JAG).

        Our server is asked for a grant, and the other one redeems it. A grant is used once; the token that
        comes of it is kept and renewed as that of `exchange`. Each error says in `ActasError.server` which of
        the two it is about.

        Args:
            whom: the person's ID token, as this service got it at the sign-in.
            to: the issuer identifier of the other server, character for character. Its metadata must say the
                same, and lead to https.
            resource: the address of the API there.
            scopes: what the token shall be good for; without any the servers choose.
            authorization_details: what it shall be good for in JSON (RFC 9396), each with its ``type``, where
                the connection has templates of them; with some and no scopes it has no scope. What came of
                them is in `Token.authorization_details`.
            there: how this service proves who it is to the other server: `ClientSecret`, `ClientKey`,
                `ClientSecretJwt`, `Workload`, or `MutualTls` with ``http=``. Never a secret of ours.
            subject_type: ``id_token``, or ``refresh_token`` for one of the same sign-in; for ``jwt`` also
                ``access_token``.
            grant: ``jwt`` for a plain grant, the general form of identity chaining, where our server has a
                connection for such.

        Raises:
            NoPerson: ``whom`` holds no token.
            Refused: one of the servers says no.
            SignInAgain: the sign-in is too old or too weak.
            Unreachable: no answer, after repeats where they are harmless.
            BadAnswer: a server answered what it must not: metadata of another issuer, a grant for another
                server, another client or another key, or nothing of the authorization details.
            Misconfigured: an argument cannot work, or cannot be sent.
        """
        wanted = wanted_across(whom, resource=resource, scopes=scopes, subject_type=subject_type, kind=grant)
        crossed = self._crossed(wanted, to=to, there=there, kind=grant, details=authorization_details)
        return await self._wire.run(self._core.cross(crossed))

    async def grant(
        self,
        whom: Caller | Token | str | None,
        *,
        to: str,
        resource: str | None = None,
        scopes: Iterable[str] = (),
        authorization_details: Sequence[Mapping[str, Json]] = (),
        client_id: str,
        subject_type: str = "id_token",
        grant: GrantKind = "id_jag",
    ) -> Grant:
        """Return a grant for another company's server, for something else to redeem there.

        That is the first half of `cross_app`, which does both and keeps what comes of it. Here nothing is
        kept: each grant is a new one, good once.

        Args:
            whom: as for `cross_app`.
            to: as for `cross_app`. Nothing is asked for before its metadata has said the same.
            resource: as for `cross_app`. Left out for a plain grant, which is for the server: who redeems it
                names an API.
            scopes: as for `cross_app`.
            authorization_details: as for `cross_app`. What was granted is in `Grant.authorization_details`.
            client_id: who this service is to the other server. A grant that names somebody else is dropped.
            subject_type: as for `cross_app`.
            grant: as for `cross_app`: ``jwt`` for a plain grant.

        Raises:
            NoPerson: and `Refused`, `SignInAgain`, `Unreachable`, `BadAnswer`, `Misconfigured`, as
                `cross_app`.
        """
        api = api_named(resource, to=to, kind=grant)
        wanted = wanted_across(whom, resource=api, scopes=scopes, subject_type=subject_type, kind=grant)
        asked = self._granted(wanted, to=to, client_id=client_id, kind=grant, details=authorization_details)
        return await self._wire.run(self._core.grant(asked))

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
