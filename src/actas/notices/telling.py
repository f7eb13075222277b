"""Telling what is due: each notice by one process, to everybody it is for, again until they have it.

Whoever takes a notice has it for a while; one whose process dies meanwhile is told by the next. So everybody
is told at least once, and whoever was told is not told again when somebody else could not be, or when this
process dies. After the last
try the log says who was not told; the person sees it at my access in any case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Final, Protocol

import msgspec
import structlog

from actas.audit.impersonations import of_impersonation
from actas.core.errors import AuditUnavailable, StoreUnavailable
from actas.core.impersonation import Impersonation, ImpersonationStore
from actas.core.pacing import spread
from actas.core.person import People, Person, VouchedPerson
from actas.core.ports import Clock
from actas.notices.due import Notice, NoticeStore, What
from actas.notices.letter import Occasion, document, letter

SUBJECT: Final = "subject"
"""How the configuration calls the person among those who are told."""

EVERY: Final = 2.0
"""Seconds between two looks, on average."""

HELD: Final = 120
"""Seconds for which whoever took a notice has it after each telling: longer than the next one takes."""

MOST_TRIES: Final = 24
"""Tries of one notice: over most of a day."""

_FIRST, _LONGEST = 10, 3600
_AT_ONCE: Final = 20

_log = structlog.get_logger("actas.notices")


class NotTold(Exception):
    """Somebody could not be told, and may be later. The message is for administrators."""


class WillNotHear(Exception):
    """Somebody cannot be told, now or later. The message is for administrators."""


class Post(Protocol):
    """Takes letters (``net.smtp``)."""

    async def send(self, message: EmailMessage, *, to: str) -> None:
        """Send a letter; the far end has it for good when this returns.

        Raises:
            NotTold, WillNotHear: it does not.
        """
        ...


class Hook(Protocol):
    """Takes documents (``app.notices``)."""

    async def send(self, body: bytes, *, name: str) -> None:
        """Send a document.

        Args:
            name: of the delivery, the same however often it is tried.

        Raises:
            NotTold, WillNotHear: the far end does not have it.
        """
        ...


class Known(Protocol):
    """Finds people who sign in through another issuer (``subjects.known``)."""

    async def find(self, subject: str) -> VouchedPerson | None:
        """Return whoever we call so, as they were seen last; None when nobody is known by that.

        Raises:
            StoreUnavailable: nobody knows.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Who is told, under one configuration.

    Attributes:
        to: ``subject``, and addresses.
        at: what they are told.
        sender: our address; None without a way to send letters.
        post: takes letters; ``hook`` takes documents, None for none.
        people: those of ours, ``known`` those who sign in through another issuer.
        account: the address of my access; None when nobody signs in here.
    """

    to: tuple[str, ...] = ()
    at: frozenset[What] = frozenset()
    sender: str | None = None
    post: Post | None = None
    hook: Hook | None = None
    people: People
    known: Known
    account: str | None = None

    @property
    def recipients(self) -> tuple[str, ...]:
        """The names of everybody who is told."""
        return self.to if self.hook is None else (*self.to, "webhook")

    async def person(self, subject: str) -> Person | VouchedPerson | None:
        """Return whoever we call so, who signs in here by themselves or through another issuer.

        Raises:
            StoreUnavailable: nobody knows.
        """
        return self.people.person(subject) or await self.known.find(subject)


class Telling:
    """Tells what is due.

    Args:
        issuer: our own issuer identifier.
        due: the notices.
        kept: the impersonations that they are about.
        circle: says who is told, now.
        note: writes an event.
    """

    def __init__(
        self,
        *,
        issuer: str,
        due: NoticeStore,
        kept: ImpersonationStore,
        circle: Callable[[], Circle],
        clock: Clock,
        note: Callable[..., Awaitable[Any]],
    ) -> None:
        self._issuer = issuer
        self._due = due
        self._kept = kept
        self._circle = circle
        self._clock = clock
        self._note = note
        self._said = ""

    async def run(self) -> None:
        """Tell what is due, until cancelled."""
        while True:
            try:
                await self.look()
            except (AuditUnavailable, StoreUnavailable) as failed:
                self._complain(failed)
            else:
                self._said = ""
            await asyncio.sleep(spread(EVERY))

    async def look(self) -> int:
        """Tell what is due now, and return how many notices this process took.

        Raises:
            AuditUnavailable, StoreUnavailable: what is left is told at another look.
        """
        taken = 0
        for notice in await self._due.due(at=int(self._clock.now()), most=_AT_ONCE):
            # Those before it may have taken long, and it is to be held from now on.
            claimed = await self._due.claim(notice, until=int(self._clock.now()) + HELD)
            if claimed is not None:
                taken += 1
                await self._tell(claimed, self._circle())
        return taken

    async def _tell(self, notice: Notice, circle: Circle) -> None:
        one = await self._kept.find(notice.impersonation)
        wanted = circle.recipients if notice.what in circle.at else ()
        if one is None or not one.began_at or not wanted:
            await self._due.done(notice)
            return
        occasion = Occasion(
            what=notice.what,
            one=one,
            person=await circle.person(one.subject.subject),
            issuer=self._issuer,
            account=circle.account,
            now=int(self._clock.now()),
        )
        last = notice.tries >= MOST_TRIES
        told, left = list(notice.told), False
        for recipient in wanted:
            if recipient in told:
                continue
            if await self._told(recipient, occasion, circle, last=last):
                told.append(recipient)
                await self._keep(notice, told, HELD)
            else:
                left = True
        if left:
            await self._keep(notice, told, wait(notice.tries))
        else:
            await self._due.done(notice)

    async def _keep(self, notice: Notice, told: Sequence[str], seconds: int) -> None:
        kept = msgspec.structs.replace(notice, told=tuple(told))
        await self._due.put_off(kept, until=int(self._clock.now()) + seconds)

    async def _told(self, recipient: str, occasion: Occasion, circle: Circle, *, last: bool) -> bool:
        """Tell somebody, and return whether nothing is left to do for them."""
        try:
            await _send(recipient, occasion, circle)
        except NotTold as failed:
            _log.warning("a notice waits", recipient=recipient, detail=str(failed))
            if not last:
                return False
            await self._write("impersonation:untold", recipient, occasion, detail=str(failed))
        except WillNotHear as never:
            await self._write("impersonation:untold", recipient, occasion, detail=str(never))
        else:
            await self._write("impersonation:told", recipient, occasion)
        return True

    async def _write(self, event: str, recipient: str, occasion: Occasion, **more: str) -> None:
        about = of_impersonation(occasion.one)
        await self._note(event, **about, what=occasion.what, recipient=recipient, **more)

    def _complain(self, failed: AuditUnavailable | StoreUnavailable) -> None:
        """Say once that nothing can be told just now."""
        if (said := str(failed)) != self._said:
            self._said = said
            _log.warning("notices wait", detail=said)


def wait(tries: int) -> int:
    """Return the seconds until a notice is tried again, after so many tries: more each time."""
    longer: int = _FIRST << min(tries - 1, 16)
    return min(_LONGEST, longer)


async def _send(recipient: str, occasion: Occasion, circle: Circle) -> None:
    if recipient == "webhook":
        if circle.hook is None:
            raise WillNotHear("there is no webhook any more")
        await circle.hook.send(document(occasion), name=_name(occasion.one, occasion.what))
        return
    themselves = recipient == SUBJECT
    email = recipient
    if themselves:
        email = (occasion.person.email if occasion.person is not None else None) or ""
    if not email:
        raise WillNotHear("the person has no e-mail address")
    if circle.post is None or circle.sender is None:
        raise NotTold("server.mail does not say how letters are sent")
    try:
        message = letter(occasion, sender=circle.sender, to=email, themselves=themselves)
    except ValueError as bad:
        raise WillNotHear("the address cannot be written in a letter") from bad
    await circle.post.send(message, to=email)


def _name(one: Impersonation, what: What) -> str:
    return f"{one.id}.{what}"
