"""The blocking client: `Actas` asks for tokens, `Verifier` checks them. All they decide is in the core."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

import httpx2

from actas_sdk.asking import Asking
from actas_sdk.auth import BlockingActingFor
from actas_sdk.caller import Caller
from actas_sdk.checking import Checking
from actas_sdk.client_base import AskingClient
from actas_sdk.credentials import Credentials
from actas_sdk.granting import Grant, GrantKind, api_named, wanted_across
from actas_sdk.refreshing import RefreshToken, Renewed, refresh_with
from actas_sdk.requests import Wanted, wanted_for, wanted_own
from actas_sdk.resource import Resource, described
from actas_sdk.strict_json import Json
from actas_sdk.sync_wire import SyncWire
from actas_sdk.token import Token
from actas_sdk.verifier_base import CheckingClient
from actas_sdk.wired import Wired

__all__ = ["Actas", "Verifier"]

Core = TypeVar("Core")


class _Blocking(Wired[httpx2.Client, SyncWire, Core]):
    """Sends by blocking, and closes what it opened."""

    def close(self) -> None:
        """Close what was opened. It may be used again afterwards."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(
        self, http: httpx2.Client | None, *, trust_env: bool, tls: ssl.SSLContext | None = None
    ) -> SyncWire:
        return SyncWire(http, trust_env=trust_env, tls=tls)

    def _over(self, transport: httpx2.MockTransport) -> httpx2.Client:
        return httpx2.Client(transport=transport)


class Actas(_Blocking[Asking], AskingClient[httpx2.Client, SyncWire]):
    """Asks one server for tokens on behalf of this service: `actas_sdk.Actas`, blocking.

    Takes the same arguments, raises the same errors, keeps the same promises. Threads that want the
    same token at the same time share one request.
    """

    def exchange(
        self,
        whom: Caller | Token | str | None,
        *,
        to: str,
        scopes: Iterable[str] = (),
        subject_type: str = "access_token",
    ) -> Token:
        """Return a token to act for ``whom`` at ``to``: `actas_sdk.Actas.exchange`, blocking."""
        return self._obtain(wanted_for(whom, to=to, scopes=scopes, subject_type=subject_type))

    def cross_app(
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
        """Return a token of another company's server: `actas_sdk.Actas.cross_app`, blocking."""
        wanted = wanted_across(whom, resource=resource, scopes=scopes, subject_type=subject_type, kind=grant)
        crossed = self._crossed(wanted, to=to, there=there, kind=grant, details=authorization_details)
        return self._wire.run(self._core.cross(crossed))

    def grant(
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
        """Return a grant for another company's server: `actas_sdk.Actas.grant`, blocking."""
        api = api_named(resource, to=to, kind=grant)
        wanted = wanted_across(whom, resource=api, scopes=scopes, subject_type=subject_type, kind=grant)
        asked = self._granted(wanted, to=to, client_id=client_id, kind=grant, details=authorization_details)
        return self._wire.run(self._core.grant(asked))

    def own_token(self, *, to: str, scopes: Iterable[str] = ()) -> Token:
        """Return a token for this service itself: `actas_sdk.Actas.own_token`, blocking."""
        return self._obtain(wanted_own(to=to, scopes=scopes))

    def refresh_token(
        self,
        whom: Caller | Token | str | None,
        *,
        to: str,
        scopes: Iterable[str] = (),
        subject_type: str = "id_token",
    ) -> RefreshToken:
        """Return leave to do this exchange again: `actas_sdk.Actas.refresh_token`, blocking."""
        wanted = wanted_for(whom, to=to, scopes=scopes, subject_type=subject_type)
        return self._wire.run(self._core.begin(wanted))

    def refresh(
        self, token: RefreshToken | str, *, to: str | None = None, scopes: Iterable[str] = ()
    ) -> Renewed:
        """Do the exchange of a refresh token again: `actas_sdk.Actas.refresh`, blocking."""
        return self._wire.run(self._core.refresh(refresh_with(token, to=to, scopes=scopes)))

    def acting_for(
        self,
        whom: Caller | Token | str | None,
        *,
        to: str,
        scopes: Iterable[str] = (),
        subject_type: str = "access_token",
    ) -> BlockingActingFor:
        """Return an auth object for a blocking HTTP client: `actas_sdk.Actas.acting_for`, blocking."""
        wanted = wanted_for(whom, to=to, scopes=scopes, subject_type=subject_type)
        return BlockingActingFor(wanted, obtain=self._obtain, forget=self._forget)

    def about(self, api: str) -> Resource:
        """Return what an API says about itself: `actas_sdk.Actas.about`, blocking."""
        return self._wire.run(described(api, world=self._world))

    def _obtain(self, wanted: Wanted) -> Token:
        return self._wire.run(self._core.obtain(wanted))

    def _forget(self, wanted: Wanted) -> None:
        self._core.forget(wanted)


class Verifier(_Blocking[Checking], CheckingClient[httpx2.Client, SyncWire]):
    """Checks the access tokens that reach an API: `actas_sdk.Verifier`, blocking."""

    def check(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]],
        scopes: Iterable[str] = (),
        certificate: bytes | None = None,
    ) -> Caller:
        """Return who sends this request: `actas_sdk.Verifier.check`, blocking."""
        self.follow()
        return self._wire.run(
            self._core.check(headers, method=method, url=url, certificate=certificate, scopes=scopes)
        )

    def check_token(self, token: str, *, scopes: Iterable[str] = ()) -> Caller:
        """Return who holds ``token``: `actas_sdk.Verifier.check_token`, blocking."""
        self.follow()
        return self._wire.run(self._core.check_token(token, scopes=scopes))
