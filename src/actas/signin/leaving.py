"""Signing out at an app's wish (OpenID Connect RP-Initiated Logout 1.0), and at one's own.

The person is always asked: anybody can send a browser here. Where they go afterwards is settled before, by
what the app proved with an ID token that this server signed, however old, and travels sealed with it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from actas.audit.log import Minutes
from actas.audit.refusal import refused
from actas.core.client import Client
from actas.core.errors import OAuthError
from actas.core.params import Params
from actas.core.person import Person
from actas.signin.ending import Endings
from actas.signin.flow import Flow
from actas.signin.hints import Hints
from actas.signin.proving import Directory, Visitor
from actas.signin.sessions import Sessions


class Leave(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a browser carries while somebody is asked whether to sign out.

    Attributes:
        client: the app that asked; None when nobody proved to.
        uri: where to go afterwards; ``state`` goes along.
    """

    client: str | None = None
    uri: str | None = None
    state: str | None = None


class AskLeave(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is asked whether to sign out.

    Attributes:
        person: None when an issuer vouches for them; then ``account`` names them.
    """

    flow: str
    leave: Leave
    client: Client | None
    person: Person | None
    account: str


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody is signed in any more in this browser."""

    leave: Leave


class Leaving:
    """Ends sessions at the wish of who is at the browser.

    Args:
        endings: ends sessions.
        hints: reads ID tokens of ours.
        leave: seals what a browser carries.
    """

    def __init__(
        self,
        *,
        directory: Directory,
        hints: Hints,
        sessions: Sessions,
        endings: Endings,
        leave: Flow[Leave],
        audit: Minutes,
        fresh: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._hints = hints
        self._sessions = sessions
        self._endings = endings
        self._leave = leave
        self._audit = audit
        self._fresh = fresh

    async def ask(self, query: bytes, visitor: Visitor) -> AskLeave | Left:
        """Return what comes next when an app, or nobody, wants somebody signed out.

        Args:
            query: the parameters, as received.

        Raises:
            OAuthError: they cannot be read. So for the other method.
        """
        try:
            self._fresh()
            leave = self._read(Params.parse(query))
            session = await self._sessions.find(visitor.session)
        except Exception as exc:
            raise await self._refused(visitor, exc) from exc
        if session is None:
            return Left(leave=leave)
        subject = session.sign_in.person.subject
        return AskLeave(
            flow=self._leave.seal(leave),
            leave=leave,
            client=None if leave.client is None else self._directory.client(leave.client),
            person=self._directory.person(subject),
            account=subject,
        )

    async def confirm(self, flow: str | None, visitor: Visitor) -> Left:
        """End the session of a browser, and what is bound to it."""
        try:
            self._fresh()
            leave = self._leave.open(flow)
            session = await self._sessions.find(visitor.session)
            if session is not None:
                subject = session.sign_in.person.subject
                await self._endings.end(session.sid, subject, source=visitor.source, client=leave.client)
        except Exception as exc:
            raise await self._refused(visitor, exc) from exc
        return Left(leave=leave)

    def _read(self, form: Params) -> Leave:
        client = self._proven(form)
        if client is None or client.sign_in is None:
            return Leave()
        uri = form.get("post_logout_redirect_uri")
        if uri is None or uri not in client.sign_in.after_sign_out:
            return Leave(client=client.name)
        return Leave(client=client.name, uri=uri, state=form.get("state"))

    def _proven(self, form: Params) -> Client | None:
        """Return the app that an ID token of ours, old or not, was made for; None when none proves it."""
        hint = form.get("id_token_hint")
        if hint is None:
            return None
        told = self._hints.read(hint)
        if told is None:
            return None
        named = form.get("client_id")
        return None if named not in (None, told.client) else self._directory.client(told.client)

    async def _refused(self, visitor: Visitor, exc: Exception) -> OAuthError:
        return await refused(self._audit, self._audit.open(visitor.source, door="sign_in"), exc)
