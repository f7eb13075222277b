"""Asking for tokens, without I/O: what both clients decide, written once."""

from __future__ import annotations

from actas_sdk.credentials import Credentials
from actas_sdk.crossing import Crossed, Crossing
from actas_sdk.dpop import DpopKey
from actas_sdk.flow import Flow, World, together
from actas_sdk.granting import Grant, Granting, WantedGrant
from actas_sdk.issuer import Issuer
from actas_sdk.party import Party
from actas_sdk.refreshing import REFRESH_TOKEN, Refresh, RefreshToken, Renewed, begun
from actas_sdk.requests import Wanted, form_of
from actas_sdk.responses import token as token_response
from actas_sdk.token import Token
from actas_sdk.token_cache import TokenCache, obtained
from actas_sdk.token_endpoint import TokenEndpoint

__all__ = ["Asking"]


class Asking:
    """A service that asks one server for tokens.

    Args:
        issuer: the server.
        credentials: how this service proves who it is.
        world: time and chance.
        dpop: the key that tokens shall be bound to, or None.
    """

    def __init__(
        self, issuer: Issuer, *, credentials: Credentials, world: World, dpop: DpopKey | None = None
    ) -> None:
        self.issuer = issuer
        self._world = world
        self._cache = TokenCache()
        self._server = TokenEndpoint(issuer, credentials=credentials, world=world, dpop=dpop)
        self._granting = Granting(self._server, world=world)
        self._crossing = Crossing(self._granting, dpop=dpop, cache=self._cache, world=world)

    def obtain(self, wanted: Wanted) -> Flow[Token]:
        """Return the wanted token: the one at hand, or a new one shared by all who wait for it.

        Raises:
            Refused: the server says no.
            SignInAgain: the subject token is too old or too weak.
            Unreachable: no answer came, and no token at hand is still good.
            BadAnswer: the server answered what it must not.
        """
        request = obtained(self._cache, wanted.key, lambda: self._request(wanted), world=self._world)
        return (yield from request)

    def cross(self, wanted: Crossed) -> Flow[Token]:
        """Return a token of another server: the one at hand, or a new one shared by all who wait for it.

        Raises:
            Refused: and `SignInAgain`, `Unreachable`, `BadAnswer`, as `obtain`, of either server.
        """
        return (yield from self._crossing.obtain(wanted))

    def grant(self, wanted: WantedGrant) -> Flow[Grant]:
        """Return a new grant for another server. It is not kept here: each is for whoever asked, once.

        Raises:
            Refused: and `SignInAgain`, `Unreachable`, `BadAnswer`, as `obtain`.
        """
        return (yield from self._granting.obtain(wanted))

    def begin(self, wanted: Wanted) -> Flow[RefreshToken]:
        """Return a refresh token. It is not kept here: whoever asks has another one each time.

        Raises:
            Refused: and `SignInAgain`, `Unreachable`, `BadAnswer`, as `obtain`.
        """
        endpoint = yield from self._server.find()
        asked_at = self._world.now()
        # Not again when it may have arrived: each answer would be a token that nobody ends.
        form = form_of(wanted, requested=REFRESH_TOKEN)
        answer = yield from self._server.ask(form, endpoint, repeatable=False)
        return begun(answer, wanted=wanted, asked_at=asked_at)

    def refresh(self, refresh: Refresh) -> Flow[Renewed]:
        """Do an exchange again, once for all who ask for the same with one refresh token at the same time.

        Raises:
            Refused: and `SignInAgain`, `Unreachable`, `BadAnswer`, as `obtain`.
        """
        return (yield from together(refresh.key, lambda: self._refresh(refresh)))

    def forget(self, wanted: Wanted) -> None:
        """Forget a token that an API did not accept, so that the next request gets another."""
        self._cache.drop(wanted.key)

    def _request(self, wanted: Wanted) -> Flow[Token]:
        endpoint = yield from self._server.find()
        asked_at = self._world.now()
        answer = yield from self._server.ask(form_of(wanted), endpoint, repeatable=wanted.repeatable)
        found = token_response(
            answer,
            wanted=wanted,
            client=Party(id=self._server.client_id),
            asked_at=asked_at,
            dpop=self._server.dpop,
        )
        until = None if wanted.subject is None else wanted.subject.expires_at
        self._cache.keep(wanted.key, found, asked_at=asked_at, until=until)
        return found

    def _refresh(self, refresh: Refresh) -> Flow[Renewed]:
        endpoint = yield from self._server.find()
        asked_at = self._world.now()
        answer = yield from self._server.ask(refresh.form, endpoint, repeatable=False)
        client = Party(id=self._server.client_id)
        return refresh.read(answer, client=client, asked_at=asked_at, dpop=self._server.dpop)
