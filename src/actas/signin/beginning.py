"""A session begins: somebody proved who they are, with all that was asked.

It has a new text whatever the browser held before, and it does not begin before the minutes have it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actas.audit.event import person_document
from actas.audit.log import Minutes
from actas.core.errors import AccessDenied
from actas.core.party import OURSELVES, Identity
from actas.core.person import Person
from actas.core.ports import Clock
from actas.core.sign_in import SignIn
from actas.signin.ending import Endings
from actas.signin.flow import Flow
from actas.signin.guessing import SignInGuessing
from actas.signin.request import AuthorizationRequest
from actas.signin.sessions import Sessions, SignInOf
from actas.signin.steps import GoOn, Then

PASSWORD: Final = "pwd"
MULTI_FACTOR: Final = "mfa"
"""The values of ``acr``: a password alone, or something else beside it."""


CODE_WITHIN: Final = 300
"""Seconds after a right password in which the one-time code may be typed."""


class Begun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a browser carries from the beginning on.

    Attributes:
        browser: what stands for the browser that came; nobody goes on in another.
        request: what the app asks; None when somebody came by themselves.
        proved: whether somebody has signed in for this very request.
        shown: the subject of whoever was asked whether the app may act for them; None while nobody was.
        then: the page that somebody came for by themselves, and must sign in anew for.
        device: the code of the device for which somebody came, when they did.
    """

    browser: str = ""
    request: AuthorizationRequest | None = None
    proved: bool = False
    shown: str | None = None
    then: Then | None = None
    device: str | None = None

    @property
    def is_for_something(self) -> bool:
        """Whether anybody came for more than to sign in."""
        return self.request is not None or self.then is not None or self.device is not None


class Half(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What it carries once the password was right.

    Attributes:
        subject: whose it is.
        browser: what stands for the browser that it was typed in.
        at: when, seconds since the epoch.
        passkey: whether they have one, which will do in the place of a code.
        begun: what it carried before.
    """

    subject: str
    name: str
    browser: str
    at: int
    passkey: bool = False
    begun: Begun = Begun()


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


def begun_here(sealing: Flow[Begun], flow: str | None, visitor: Visitor) -> Begun:
    """Return what a browser carries, which must have been given to it: no link leads into what another began.

    Raises:
        AccessDenied: it was not made here, or for another browser.
    """
    begun = sealing.open(flow)
    if begun.browser != visitor.browser:
        raise AccessDenied("forged_form", detail="another browser began this")
    return begun


def begun_if_any(sealing: Flow[Begun], flow: str | None, visitor: Visitor) -> Begun:
    """Return the same, or what somebody carries who came by themselves.

    Raises:
        AccessDenied: as for ``begun_here``.
    """
    return begun_here(sealing, flow, visitor) if flow else Begun(browser=visitor.browser)


class Opening:
    """Begins sessions of whoever proved who they are, here or elsewhere.

    Args:
        issuer: our own issuer identifier.
        endings: writes down which session gave way.
        begun: seals what a browser carries.
    """

    def __init__(
        self, *, issuer: str, sessions: Sessions, endings: Endings, begun: Flow[Begun], audit: Minutes
    ) -> None:
        self._issuer = issuer
        self._sessions = sessions
        self._endings = endings
        self._begun = begun
        self._audit = audit

    async def begin(self, sign_in_of: SignInOf, person: Identity, begun: Begun, visitor: Visitor) -> GoOn:
        """Begin a session, and return the way on.

        Args:
            sign_in_of: says who signed in, given what apps may call the session and when it ends.
            person: who it is to us.
            begun: what they came for.

        Raises:
            AuditUnavailable: the minutes do not have it; then the session must not leave.
            StoreUnavailable: it was not kept.
        """
        ended = self._endings.of_replaced(by=person.subject, source=visitor.source)
        text, session = await self._sessions.begin(
            sign_in_of,
            source=visitor.source,
            browser=visitor.agent,
            replaces=visitor.session,
            ended=ended,
        )
        await ended.write()
        signed_in = session.sign_in
        subject: dict[str, object] = {**person_document(self._issuer, person.subject)}
        if signed_in.origin != person:
            origin = signed_in.origin
            subject["origin"] = {
                "iss": origin.issuer,
                "sub": origin.subject,
                "name": signed_in.origin_name,
            }
        await self._audit.note(
            "sign_in:granted",
            source=visitor.source,
            subject=subject,
            client=None if begun.request is None else begun.request.client,
            sid=session.sid,
            acr=signed_in.acr,
            amr=list(signed_in.amr),
            ends_at=session.ends_at,
        )
        return way_on(begun, text.reveal(), self._begun)


class Beginning:
    """Begins sessions of people of ours.

    Args:
        issuer: our own issuer identifier.
        opening: begins them.
        guessing: is told of whoever signed in.
    """

    def __init__(self, *, issuer: str, opening: Opening, guessing: SignInGuessing, clock: Clock) -> None:
        self._issuer = issuer
        self._opening = opening
        self._guessing = guessing
        self._clock = clock

    async def signed_in(
        self, person: Person, begun: Begun, visitor: Visitor, *, name: str, amr: tuple[str, ...]
    ) -> GoOn:
        """Begin a session of somebody who proved who they are, and return the way on.

        Args:
            begun: what they came for.
            name: as they typed it; their own, when they typed none.
            amr: by what they proved it (RFC 8176).

        Raises:
            AuditUnavailable: the minutes do not have it; then the session must not leave.
            StoreUnavailable: it was not kept.
        """
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

        way = await self._opening.begin(sign_in, identity, begun, visitor)
        await self._guessing.succeeded(name, visitor.source, subject=person.subject)
        return way


def way_on(begun: Begun, session: str, sealing: Flow[Begun]) -> GoOn:
    """Return the way on of somebody whose session has begun.

    Args:
        begun: what they came for.
        session: its text.
        sealing: seals what a browser carries.
    """
    came = begun.request is not None or begun.device is not None
    proved = Begun(browser=begun.browser, request=begun.request, device=begun.device, proved=True)
    flow = sealing.seal(proved) if came else None
    return GoOn(flow=flow, session=session, then=begun.then, device=begun.device is not None)
