"""Somebody says who they are, and proves it: a password, then a one-time code where they have set one up.

What was right so far travels sealed with the next form (``flow``). Only what was proved entirely begins a
session, under a new text whatever the browser held before, and not before the minutes have it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from actas.audit.log import Minutes
from actas.audit.refusal import refused
from actas.core.client import Client
from actas.core.errors import AccessDenied, InvalidRequest
from actas.core.person import Person, subject_of
from actas.core.ports import Clock
from actas.core.secret import Secret
from actas.signin.beginning import (
    CODE_WITHIN,
    MULTI_FACTOR,
    PASSWORD,
    Beginning,
    Begun,
    Half,
    Visitor,
    begun_if_any,
)
from actas.signin.credentials import Credentials
from actas.signin.flow import Flow
from actas.signin.guessing import LONGEST_NAME, SignInGuessing, canonical
from actas.signin.one_time_codes import OneTimeCodes
from actas.signin.request import AuthorizationRequest
from actas.signin.steps import AskCode, AskWho, GoOn, Then

__all__ = [
    "CODE_WITHIN",
    "MULTI_FACTOR",
    "PASSWORD",
    "Begun",
    "Directory",
    "Half",
    "Proving",
    "Visitor",
]


class Directory(Protocol):
    """Finds people and clients. Answers from memory."""

    def person(self, subject: str) -> Person | None:
        """Return the person of ours of that subject, or None."""
        ...

    def client(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        ...


class Proving:
    """Has people prove who they are, and begins their sessions.

    Args:
        directory: who there is.
        beginning: begins sessions.
        audit: takes what happened.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        directory: Directory,
        credentials: Credentials,
        one_time_codes: OneTimeCodes,
        guessing: SignInGuessing,
        beginning: Beginning,
        begun: Flow[Begun],
        half: Flow[Half],
        audit: Minutes,
        clock: Clock,
        fresh: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._credentials = credentials
        self._one_time_codes = one_time_codes
        self._guessing = guessing
        self._beginning = beginning
        self._begun = begun
        self._half = half
        self._audit = audit
        self._clock = clock
        self._fresh = fresh

    def begin(self, flow: str | None, visitor: Visitor) -> AskWho:
        """Return the question who somebody is, for an app that asked or for none.

        Raises:
            AccessDenied: what the browser carries was not made here, or for another browser.
        """
        return self.ask(flow, "", visitor)

    def anew(self, then: Then, visitor: Visitor, *, name: str) -> AskWho:
        """Return the question who somebody is who wants to change what they sign in with.

        Args:
            name: by which they signed in before; empty when nobody is signed in.
        """
        flow = self._begun.seal(Begun(browser=visitor.browser, then=then))
        return self.ask(flow, name, visitor)

    async def password(
        self, flow: str | None, *, name: str, password: Secret, visitor: Visitor
    ) -> GoOn | AskWho | AskCode:
        """Look at a name and a password.

        Raises:
            OAuthError: the form was not ours, or nothing can be looked at now; it stands in the minutes.
        """
        trail = self._audit.open(visitor.source, door="sign_in")
        try:
            self._fresh()
            begun = begun_if_any(self._begun, flow, visitor)
            trail.said_by = self._client(begun.request)
            if len(name) > LONGEST_NAME:  # cut, it would be another's; whole, it would travel with every page
                raise InvalidRequest("malformed_request", detail=f"a name of {len(name)} characters")
            person = self._directory.person(subject_of(canonical(name)))
            subject = None if person is None or person.disabled else person.subject
            async with self._guessing.attempt(name, visitor.source, subject=subject) as attempt:
                initial = None if person is None else person.initial
                right = await self._credentials.check_password(subject, password.reveal(), initial=initial)
                attempt.failed = not right
            if not right or person is None or subject is None:
                # Never what was typed: it may be a password in the wrong field.
                detail = "nobody is called so" if person is None else f"not the password of {person.subject}"
                raise AccessDenied("wrong_credentials", detail=detail)
            has = await self._credentials.has(subject)
            if "code" in has:
                half = Half(
                    subject=subject,
                    name=name,
                    browser=visitor.browser,
                    at=int(self._clock.now()),
                    passkey="passkey" in has,
                    begun=msgspec.structs.replace(begun, proved=False, shown=None),
                )
                return self.ask_code(half, self._half.seal(half))
            return await self._beginning.signed_in(person, begun, visitor, name=name, amr=("pwd",))
        except Exception as exc:
            refusal = await refused(self._audit, trail, exc)
            if refusal.reason != "wrong_credentials":
                raise refusal from exc
            return self.ask(flow, name, visitor, wrong=True)

    async def code(self, flow: str | None, *, code: Secret, visitor: Visitor) -> GoOn | AskCode:
        """Look at a one-time code, or a recovery code, of somebody whose password was right.

        Raises:
            OAuthError: as for ``password``.
        """
        trail = self._audit.open(visitor.source, door="sign_in")
        half: Half | None = None
        try:
            self._fresh()
            half = await self.half_of(flow, visitor)
            trail.said_by = self._client(half.begun.request)
            person = self._directory.person(half.subject)
            if person is None or person.disabled:
                raise AccessDenied("wrong_credentials", detail=f"{half.subject} is locked out by now")
            async with self._guessing.attempt(half.name, visitor.source, subject=half.subject) as attempt:
                right = await self._one_time_codes.check(half.subject, code.reveal())
                right = right or await self._one_time_codes.check_recovery(half.subject, code.reveal())
                attempt.failed = not right
            if not right:
                raise AccessDenied("wrong_credentials", detail="the one-time code is wrong, or was used")
            amr = ("pwd", "otp", "mfa")
            return await self._beginning.signed_in(person, half.begun, visitor, name=half.name, amr=amr)
        except Exception as exc:
            refusal = await refused(self._audit, trail, exc)
            if refusal.reason != "wrong_credentials" or half is None or flow is None:
                raise refusal from exc
            return self.ask_code(half, flow, wrong=True)

    async def half_of(self, flow: str | None, visitor: Visitor) -> Half:
        """Return what a browser carries in which the password was right.

        Raises:
            AccessDenied: what it carries was not made here, or in another browser, or there is another
                password since.
            StoreUnavailable: nobody knows.
        """
        half = self._half.open(flow)
        if half.browser != visitor.browser:
            raise AccessDenied("forged_form", detail="the password was typed in another browser")
        if await self._credentials.chose_since(half.subject, half.at):
            raise AccessDenied("forged_form", detail=f"{half.subject} has another password by now")
        return half

    def ask(
        self,
        flow: str | None,
        name: str,
        visitor: Visitor,
        *,
        wrong: bool = False,
        passkey_refused: bool = False,
    ) -> AskWho:
        """Return the question who somebody is.

        Args:
            flow: what the browser carries.
            name: that was typed before.
            wrong: whether that and the password were not right; ``passkey_refused`` likewise.

        Raises:
            AccessDenied: what it carries was not made here, or for another browser.
        """
        begun = begun_if_any(self._begun, flow, visitor)
        hinted = "" if begun.request is None else begun.request.login_hint or ""
        return AskWho(
            request=begun.request,
            client=self._client(begun.request),
            flow=flow or "",
            name=name or hinted,
            wrong=wrong,
            passkey_refused=passkey_refused,
            again=begun.then is not None,
        )

    def ask_code(
        self, half: Half, flow: str, *, wrong: bool = False, passkey_refused: bool = False
    ) -> AskCode:
        """Return the question for the second step.

        Args:
            flow: ``half`` as the browser carries it.
            wrong: whether a code was not right; ``passkey_refused`` likewise.
        """
        return AskCode(
            request=half.begun.request,
            client=self._client(half.begun.request),
            flow=flow,
            back=self._begun.seal(half.begun) if half.begun.is_for_something else "",
            name=half.name,
            wrong=wrong,
            passkey=half.passkey,
            passkey_refused=passkey_refused,
        )

    def _client(self, request: AuthorizationRequest | None) -> Client | None:
        return None if request is None else self._directory.client(request.client)
