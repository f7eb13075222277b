"""People connect devices: they type the code that one shows, and say whether the app there may act for them.

Whether a device waits for a code is said only to who is signed in, and guessing is slow for a person and for
an address (RFC 8628 section 5.1): nothing forgets what was wrong but time, for a guesser could be right with
a device of their own. What was typed decides nothing (section 5.4): the question shows the code and where the
device is, to every person and each time, and its answer counts only from whom it was shown to.

A code is for one sign-in: whoever may not sign in to the app, or not have what it asks, ends it as a no does.
The device hears so at once (section 3.5), and somebody else has it show another code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol

import msgspec

from actas.audit.log import Minutes
from actas.audit.refusal import refused
from actas.audit.trail import Trail
from actas.clients.throttle import Throttle
from actas.core.client import Client
from actas.core.errors import AccessDenied, InvalidRequest, TooManyRequests
from actas.core.person import People
from actas.core.source import place_of
from actas.core.wire import DEVICE_CODE
from actas.signin.beginning import Begun, Visitor, begun_here
from actas.signin.flow import Flow
from actas.signin.granting import Granting
from actas.signin.request import Registered
from actas.signin.sessions import Session, Sessions
from actas.signin.steps import AskDevice, AskDeviceConsent, AskWho, DeviceDone, Step
from actas.subjects.device_code import DeviceCodes
from actas.subjects.device_records import AskedDevice, DecidedMeanwhile
from actas.subjects.user_code import read_user_code, shown_user_code


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser carries while somebody is asked about a device.

    Attributes:
        name: of what the device asks (``subjects.device_code``).
        user_code: the code that was shown.
        subject: to whom.
    """

    name: str
    user_code: str
    subject: str


class Directory(Registered, People, Protocol):
    """Finds clients, APIs and people. Answers from memory."""


class UserCodeGuessing:
    """Makes guessing the codes of devices slow.

    Args:
        throttle: counts, together with other processes.
    """

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self._looked_at: Counter[str] = Counter()

    @contextmanager
    def attempt(self, subject: str, source: str) -> Generator[None]:
        """Within this, a code that somebody typed may be looked up, one at a time of a person.

        Raises:
            TooManyRequests: so much was wrong that the next attempt has to wait.
        """
        self._throttle.require_patience("failed_device_code", subject, "")
        self._throttle.require_patience("failed_device_code_source", "", source)
        if self._looked_at[subject]:
            detail = f"two codes of {subject} at once from {place_of(source)}"
            raise TooManyRequests("too_many_failures", detail=detail, retry_after=1)
        self._looked_at[subject] += 1
        try:
            yield
        finally:
            del self._looked_at[subject]

    def failed(self, subject: str, source: str) -> None:
        """Count a code for which no device waits."""
        self._throttle.failed("failed_device_code", subject, "")
        self._throttle.failed("failed_device_code_source", "", source)


class Devices:
    """Answers people who connect devices.

    Args:
        directory: who there is.
        codes: keeps what devices ask.
        granting: says what is granted, and writes it down.
        begun: seals what a browser carries while somebody signs in.
        shown: seals what it carries while they are asked.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        directory: Directory,
        sessions: Sessions,
        codes: DeviceCodes,
        granting: Granting,
        guessing: UserCodeGuessing,
        begun: Flow[Begun],
        shown: Flow[Shown],
        audit: Minutes,
        fresh: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._sessions = sessions
        self._codes = codes
        self._granting = granting
        self._guessing = guessing
        self._begun = begun
        self._shown = shown
        self._audit = audit
        self._fresh = fresh

    def begin(self, typed: str | None) -> AskDevice:
        """Return the question which code the device shows.

        Args:
            typed: the code that came with the address. It is only filled in.
        """
        code = read_user_code(typed or "")
        return AskDevice(code="" if code is None else shown_user_code(code))

    async def typed(self, text: str, visitor: Visitor) -> Step:
        """Return what comes next when somebody typed a code.

        Raises:
            OAuthError: it is refused, and stands in the minutes. So for all methods.
        """
        code = read_user_code(text)
        if code is None:
            return AskDevice(code=text[:20], wrong=True)
        return await self._next(Begun(browser=visitor.browser, device=code), visitor)

    async def go_on(self, flow: str | None, visitor: Visitor) -> Step:
        """Return what comes next when somebody signed in for a device."""
        trail = self._open(visitor)
        try:
            begun = begun_here(self._begun, flow, visitor)
            if begun.device is None:
                raise InvalidRequest("malformed_request", detail="nobody came for a device")
        except Exception as exc:
            raise await refused(self._audit, trail, exc) from exc
        return await self._next(begun, visitor)

    async def decide(self, flow: str | None, *, allowed: bool, visitor: Visitor) -> Step:
        """Return what comes next when somebody said whether the app on the device may act for them."""
        trail = self._open(visitor)
        try:
            self._fresh()
            shown = self._shown.open(flow)
            session = await self._sessions.find(visitor.session)
            if session is None:
                return self._ask_who(Begun(browser=visitor.browser, device=shown.user_code))
            if session.sign_in.person.subject != shown.subject:
                raise AccessDenied("forged_form", detail="somebody else was asked, and has signed out since")
            found = await self._codes.waiting(shown.user_code)
            if found is None or found[0] != shown.name:
                return AskDevice(code=shown_user_code(shown.user_code), wrong=True)
            client = trail.client = self._client(found[1])
            scope = self._within(found[1], client, session)
            if isinstance(scope, AccessDenied):
                return await self._refused(shown.name, client, scope, visitor)
            if not allowed:
                detail = f"{shown.subject} does not let {client.name} act for them on a device"
                await self._ended(
                    shown.name, client, AccessDenied("denied_by_person", detail=detail), visitor
                )
            elif not await self._allowed(found, client, session, scope=scope, trail=trail):
                return AskDevice(code=shown_user_code(shown.user_code), wrong=True)
            return DeviceDone(allowed=allowed, client=client)
        except Exception as exc:
            raise await refused(self._audit, trail, exc) from exc

    async def _next(self, begun: Begun, visitor: Visitor) -> Step:
        trail = self._open(visitor)
        code = begun.device or ""
        try:
            self._fresh()
            session = await self._sessions.find(visitor.session)
            if session is None:
                return self._ask_who(begun)
            subject = session.sign_in.person.subject
            with self._guessing.attempt(subject, visitor.source):
                found = await self._codes.waiting(code)
                if found is None:
                    self._guessing.failed(subject, visitor.source)
                    raise AccessDenied("unknown_user_code", detail=f"{subject} typed a code of no device")
            name, asked = found
            client = trail.client = self._client(asked)
            scope = self._within(asked, client, session)
            if isinstance(scope, AccessDenied):
                return await self._refused(name, client, scope, visitor)
            return AskDeviceConsent(
                asked=msgspec.structs.replace(asked, scope=scope),
                client=client,
                flow=self._shown.seal(Shown(name=name, user_code=code, subject=subject)),
                person=self._directory.person(subject),
                account=subject,
                called=session.sign_in.called,
            )
        except Exception as exc:
            refusal = await refused(self._audit, trail, exc)
            if refusal.reason != "unknown_user_code":
                raise refusal from exc
            return AskDevice(code=shown_user_code(code), wrong=True)

    def _within(self, asked: AskedDevice, client: Client, session: Session) -> frozenset[str] | AccessDenied:
        """Return what somebody may let a device have of what it asks; or why that is nothing at all."""
        try:
            self._granting.require_member(client, session)
            return self._granting.within_role(asked.scope, asked.apis, session)
        except AccessDenied as never:
            return never

    async def _allowed(
        self,
        found: tuple[str, AskedDevice],
        client: Client,
        session: Session,
        *,
        scope: frozenset[str],
        trail: Trail,
    ) -> bool:
        """Let a device have what it asks; False when somebody else decided meanwhile.

        The decision and the consent are kept together: a yes that comes too late is no yes for another time.
        """
        name, asked = found
        authorization = self._granting.authorization(client, session, scope=scope, apis=asked.apis)
        told = self._granting.told(
            authorization, source=trail.source, dropped=asked.dropped, asked_from=asked.source
        )
        record = self._granting.granted(told)
        device = self._codes.allowing(name, authorization, record=record)
        fingerprint = client.fingerprint
        try:
            await self._granting.consented(authorization, told, fingerprint=fingerprint, device=device)
        except DecidedMeanwhile:
            return False
        await self._granting.write(record)
        return True

    async def _refused(self, name: str, client: Client, why: AccessDenied, visitor: Visitor) -> DeviceDone:
        """Return what is shown to somebody who can never say yes to a device, which is told so."""
        await self._ended(name, client, why, visitor)
        return DeviceDone(allowed=False, client=client, refused=why)

    async def _ended(self, name: str, client: Client, why: AccessDenied, visitor: Visitor) -> None:
        """Let a device have nothing. The entry comes first: what the device is told stands in the log."""
        said = self._open(visitor)
        said.client = client
        refusal = await refused(self._audit, said, why)
        if refusal is not why:
            raise refusal
        await self._codes.deny(name, why=why.reason)

    def _client(self, asked: AskedDevice) -> Client:
        client = self._directory.client(asked.client)
        if client is None or client.disabled or client.sign_in is None or DEVICE_CODE not in client.grants:
            raise InvalidRequest("unknown_app", detail=f"no device signs in to {asked.client} any more")
        return client

    def _ask_who(self, begun: Begun) -> AskWho:
        return AskWho(request=None, client=None, flow=self._begun.seal(begun))

    def _open(self, visitor: Visitor) -> Trail:
        return self._audit.open(visitor.source, door="authorization")
