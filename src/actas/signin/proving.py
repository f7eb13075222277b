"""Somebody says who they are, and proves it: a password, then a one-time code where they have set one up.

What was right so far travels sealed with the next form (``flow``). Only what was proved entirely begins a
session, under a new text whatever the browser held before, and not before the minutes have it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from actas.audit.log import Minutes
from actas.audit.refusal import refused
from actas.core.client import Client
from actas.core.errors import AccessDenied, InvalidRequest
from actas.core.party import OURSELVES, Identity
from actas.core.person import Person, subject_of
from actas.core.ports import Clock
from actas.core.secret import Secret
from actas.core.sign_in import SignIn
from actas.signin.credentials import Credentials
from actas.signin.ending import Endings
from actas.signin.flow import Flow
from actas.signin.guessing import LONGEST_NAME, SignInGuessing, canonical
from actas.signin.one_time_codes import OneTimeCodes
from actas.signin.request import AuthorizationRequest
from actas.signin.sessions import Sessions
from actas.signin.steps import AskCode, AskWho, GoOn

PASSWORD: Final = "pwd"
MULTI_FACTOR: Final = "mfa"
"""The values of ``acr``: a password alone, or something else beside it."""


CODE_WITHIN: Final = 300
"""Seconds after a right password in which the one-time code may be typed."""


class Begun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a browser carries from the beginning on.

    Attributes:
        request: what the app asks; None when somebody came by themselves.
        proved: whether somebody has signed in for this very request.
        shown: the subject of whoever was asked whether the app may act for them; None while nobody was.
    """

    request: AuthorizationRequest | None = None
    proved: bool = False
    shown: str | None = None


class Half(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What it carries once the password was right.

    Attributes:
        subject: whose it is.
        browser: what stands for the browser that it was typed in.
    """

    request: AuthorizationRequest | None
    subject: str
    name: str
    browser: str


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """A browser.

    Attributes:
        source: its address.
        agent: what it says it is.
        browser: the mark of the cookie by which it is known again.
        session: the text of its session; None when it has none.
    """

    source: str
    agent: str
    browser: str
    session: str | None


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
        issuer: our own issuer identifier.
        directory: who there is.
        audit: takes what happened.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        issuer: str,
        directory: Directory,
        credentials: Credentials,
        one_time_codes: OneTimeCodes,
        guessing: SignInGuessing,
        sessions: Sessions,
        begun: Flow[Begun],
        half: Flow[Half],
        audit: Minutes,
        clock: Clock,
        fresh: Callable[[], None],
    ) -> None:
        self._issuer = issuer
        self._directory = directory
        self._credentials = credentials
        self._one_time_codes = one_time_codes
        self._guessing = guessing
        self._sessions = sessions
        self._endings = Endings(issuer=issuer, sessions=sessions, audit=audit, clock=clock)
        self._begun = begun
        self._half = half
        self._audit = audit
        self._clock = clock
        self._fresh = fresh

    def begin(self, flow: str | None) -> AskWho:
        """Return the question who somebody is, for an app that asked or for none.

        Raises:
            AccessDenied: what the browser carries was not made here.
        """
        return self._ask(flow, "")

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
            begun = self._begun.open(flow) if flow else Begun()
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
            if "code" in await self._credentials.has(subject):
                half = Half(request=begun.request, subject=subject, name=name, browser=visitor.browser)
                return AskCode(
                    request=begun.request,
                    client=self._client(begun.request),
                    flow=self._half.seal(half),
                    back=self._flow(begun.request),
                    name=name,
                )
            return await self._signed_in(person, begun.request, visitor, name=name, amr=("pwd",))
        except Exception as exc:
            refusal = await refused(self._audit, trail, exc)
            if refusal.reason != "wrong_credentials":
                raise refusal from exc
            return self._ask(flow, name, wrong=True)

    async def code(self, flow: str | None, *, code: Secret, visitor: Visitor) -> GoOn | AskCode:
        """Look at a one-time code, or a recovery code, of somebody whose password was right.

        Raises:
            OAuthError: as for ``password``.
        """
        trail = self._audit.open(visitor.source, door="sign_in")
        half: Half | None = None
        try:
            self._fresh()
            half = self._half.open(flow)
            if half.browser != visitor.browser:
                raise AccessDenied("forged_form", detail="the password was typed in another browser")
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
            return await self._signed_in(person, half.request, visitor, name=half.name, amr=amr)
        except Exception as exc:
            refusal = await refused(self._audit, trail, exc)
            if refusal.reason != "wrong_credentials" or half is None or flow is None:
                raise refusal from exc
            client = self._client(half.request)
            back = self._flow(half.request)
            return AskCode(
                request=half.request, client=client, flow=flow, back=back, name=half.name, wrong=True
            )

    async def _signed_in(
        self,
        person: Person,
        request: AuthorizationRequest | None,
        visitor: Visitor,
        *,
        name: str,
        amr: tuple[str, ...],
    ) -> GoOn:
        now = int(self._clock.now())
        identity = Identity(self._issuer, person.subject)

        def sign_in(sid: str, ends_at: int) -> SignIn:
            return SignIn(
                person=identity,
                origin=identity,
                origin_name=OURSELVES,
                groups=person.groups,
                claims={},
                at=now,
                acr=MULTI_FACTOR if "mfa" in amr else PASSWORD,
                amr=amr,
                sid=sid,
                ends_at=ends_at,
            )

        ended = self._endings.of_replaced(by=person.subject, source=visitor.source)
        text, session = await self._sessions.begin(
            sign_in, source=visitor.source, browser=visitor.agent, replaces=visitor.session, ended=ended
        )
        await ended.write()
        await self._audit.note(
            "sign_in:granted",
            source=visitor.source,
            subject={"iss": self._issuer, "sub": person.subject, "kind": "person"},
            client=None if request is None else request.client,
            sid=session.sid,
            acr=session.sign_in.acr,
            amr=list(amr),
            ends_at=session.ends_at,
        )
        await self._guessing.succeeded(name, visitor.source, subject=person.subject)
        flow = None if request is None else self._begun.seal(Begun(request=request, proved=True))
        return GoOn(flow=flow, session=text.reveal())

    def _ask(self, flow: str | None, name: str, *, wrong: bool = False) -> AskWho:
        request = self._begun.open(flow).request if flow else None
        client = self._client(request)
        hinted = "" if request is None else request.login_hint or ""
        return AskWho(request=request, client=client, flow=flow or "", name=name or hinted, wrong=wrong)

    def _flow(self, request: AuthorizationRequest | None) -> str:
        return "" if request is None else self._begun.seal(Begun(request=request))

    def _client(self, request: AuthorizationRequest | None) -> Client | None:
        return None if request is None else self._directory.client(request.client)
