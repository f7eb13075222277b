"""Whether somebody who is signed in is signed in as an app wants it (OpenID Connect Core section 3.1.2.1)."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from actas.core.person import People
from actas.core.ports import Clock
from actas.signin.holdings import Kind
from actas.signin.proving import MULTI_FACTOR, PASSWORD
from actas.signin.request import AuthorizationRequest
from actas.signin.sessions import Session

_SECOND: Final[frozenset[Kind]] = frozenset({"code", "passkey"})
"""What makes more of a password."""


class Holds(Protocol):
    """Knows what people can prove who they are with."""

    async def has(self, subject: str) -> frozenset[Kind]:
        """Return the kinds of it.

        Raises:
            StoreUnavailable: nobody knows.
        """
        ...


class Suiting:
    """Judges sessions.

    Args:
        holds: knows who could prove more.
    """

    def __init__(self, *, holds: Holds, clock: Clock) -> None:
        self._holds = holds
        self._clock = clock

    async def suits(self, session: Session, request: AuthorizationRequest) -> bool:
        """Return whether nobody need sign in anew for what is asked.

        Raises:
            StoreUnavailable: nobody knows.
        """
        if request.prompt & {"login", "select_account"}:
            return False
        if request.hinted not in (None, session.sign_in.person.subject):
            return False
        age = self._clock.now() - session.sign_in.at
        if request.max_age is not None and age >= request.max_age:
            return False
        return not await self._should_prove_more(session, request)

    async def _should_prove_more(self, session: Session, request: AuthorizationRequest) -> bool:
        """Return whether the app wishes for more than a password, and this person has more.

        A wish is no must: who has nothing more goes on as they are, and so does everybody where nobody may be
        asked. The ID token says what it was.
        """
        wanted = request.acr_values
        held = session.sign_in.acr
        if "none" in request.prompt or MULTI_FACTOR not in wanted or held in wanted or held != PASSWORD:
            return False
        return bool(_SECOND & await self._holds.has(session.sign_in.person.subject))


def named(request: AuthorizationRequest, people: People) -> AuthorizationRequest:
    """Return a request with the name that whom the app means types to sign in."""
    person = None if request.hinted is None else people.person(request.hinted)
    if person is None or request.login_hint is not None:
        return request
    return msgspec.structs.replace(request, login_hint=person.name)
