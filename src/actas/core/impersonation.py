"""Administrative impersonation: somebody acts as a person, for a written reason and a short time.

A request **names** a person of ours, whose token nobody has; what proves who asks is the administrator's own
token, or the client itself where a rule says so. ``Named`` and ``Why`` are what was asked, ``Wanted`` is what
was decided, ``Impersonation`` is what is kept of it for as long as anybody may want to know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final, Literal, Protocol

import msgspec

from actas.core.party import Actor, Identity
from actas.core.person import Person, VouchedPerson
from actas.core.records import Record

Form = Literal["own_token", "actor_token", "by_identifier"]
"""How it was asked for: the administrator's token as the subject token, with ``requested_subject``; the
person as the subject token, with the administrator's as the actor token; or the person and nobody's token."""

State = Literal["waiting", "approved", "running", "ended", "refused"]
"""``waiting`` for approval, ``approved`` and not begun, ``running``, ``ended`` by whoever, or approval was
``refused``. Of the first three each lapses at a time that is kept beside it."""

LIVE: Final[tuple[State, ...]] = ("waiting", "approved", "running")
"""The states that lapse."""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a request names.

    Attributes:
        subject: their ``sub``.
        issuer: who knows them by it; None for ourselves.
    """

    form: Form
    subject: str
    issuer: str | None = None


class Why(msgspec.Struct, frozen=True):
    """Why somebody asks, in their own words; nothing of it is believed."""

    reason: str = ""
    ticket: str = ""


NO_REASON: Final = Why()


class NamedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Who is named, as they are now, or as they were when they signed in last.

    Attributes:
        person: None when there is nobody of that name.
    """

    form: Form
    person: Person | VouchedPerson | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An impersonation that was decided to be allowed, and what it needs yet.

    Attributes:
        administrator: who will act.
        vouched_by: the issuer that knows them: its identifier.
        client: who asked.
        subject: the person.
        apis: the names of the APIs; ``scope`` the scopes that would be granted there.
        rules: the rules that allow it.
        names_actor: whether its tokens name the administrator.
        lasts: seconds from its beginning until it ends, however many tokens it had.
        approval: the groups whose member must approve it, in each of them; empty when nobody must.
        approval_within: seconds that an approval may take, and that it is good for.
        at_once: how many of the administrator may run at once; ``per_hour`` how many may begin in an hour.
        marks: of everything that ends it when it is revoked; ``since`` as in ``core.lineage.Lineage``.
    """

    form: Form
    administrator: Actor
    vouched_by: str
    client: str
    subject: Identity
    why: Why
    apis: tuple[str, ...]
    scope: tuple[str, ...]
    rules: tuple[str, ...]
    names_actor: bool
    lasts: int
    approval: tuple[str, ...]
    approval_within: int
    at_once: int
    per_hour: int
    marks: tuple[str, ...]
    since: int


class Place(msgspec.Struct, frozen=True):
    """Where a list of them stops, and is gone on with: the newest come first, those of one second by id."""

    requested_at: int
    id: str


class Impersonation(msgspec.Struct, frozen=True, kw_only=True):
    """An impersonation as it is kept. Times are seconds since the epoch.

    Attributes:
        id: its name: the ``txn`` of every token that was made under it.
        mark: ends all of them when it is revoked.
        until: when its state lapses; of one that lapses no more, when it came to that.
        decided_by: who approved it or refused to, as ``ISSUER NAME``; ``ended_by`` likewise who ended it.
        ended_why: what they said; of one that was refused, what whoever refused said.
    """

    id: str
    mark: str
    state: State
    form: Form
    administrator: Actor
    vouched_by: str
    client: str
    subject: Identity
    why: Why
    apis: tuple[str, ...]
    scope: tuple[str, ...]
    rules: tuple[str, ...]
    names_actor: bool
    approval: tuple[str, ...]
    approval_within: int
    lasts: int
    requested_at: int
    until: int
    decided_by: str = ""
    decided_at: int = 0
    began_at: int = 0
    ended_by: str = ""
    ended_why: str = ""

    def runs(self, now: float) -> bool:
        """Whether tokens of it may be given and used at ``now``."""
        return self.state == "running" and now < self.until

    def is_live(self, now: float) -> bool:
        """Whether it runs, or still may."""
        return self.state in LIVE and now < self.until

    @property
    def place(self) -> Place:
        """Where it stands among others."""
        return Place(self.requested_at, self.id)


def name_of(identity: Identity) -> str:
    """Return how an impersonation names who decided on it, or ended it."""
    return f"{identity.issuer} {identity.subject}"


def the_same(kept: Iterable[Impersonation], wanted: Wanted) -> Impersonation | None:
    """Return the one to go on with of those that are live, the newest first; None when none is wanted again.

    One that is as much as is wanted comes first, and one that runs, or may begin, before one that waits.
    """
    found = [one for one in kept if is_the_same(one, wanted)]
    return min(found, key=lambda one: (not covers(one, wanted), one.state == "waiting"), default=None)


def is_the_same(one: Impersonation, wanted: Wanted) -> bool:
    """Whether what is wanted is what one that is kept was begun, or asked for, for.

    Whoever wants more than is waiting, or was approved, wants another: the approval is for what it names, and
    is not used up by what it does not. One that runs is the same whatever is wanted; what it does not cover,
    it refuses.
    """
    if (one.administrator.identity, one.client, one.subject) != (
        wanted.administrator.identity,
        wanted.client,
        wanted.subject,
    ):
        return False
    if one.names_actor != wanted.names_actor or not set(wanted.approval) <= set(one.approval):
        return False
    return one.state == "running" or covers(one, wanted)


def covers(one: Impersonation, wanted: Wanted) -> bool:
    """Whether one that has to be approved is approved for all that is wanted; any other covers everything."""
    if not one.approval:
        return True
    return set(wanted.apis) <= set(one.apis) and set(wanted.scope) <= set(one.scope)


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What came of wanting one.

    Attributes:
        impersonation: as it is kept now: running, or waiting for approval.
        fresh: whether that request brought it there; another goes on with what is there.
    """

    impersonation: Impersonation
    fresh: bool


class TooMany(Exception):
    """An administrator has as many as they may.

    Args:
        detail: for administrators.
        retry_after: seconds after which one may be begun again.
        running: those of theirs that run, the one that ends first first, where it is these that are too many.
    """

    def __init__(self, detail: str, *, retry_after: int, running: Iterable[Impersonation] = ()) -> None:
        super().__init__(detail)
        self.detail, self.retry_after, self.running = detail, retry_after, tuple(running)


class MarksRevoked(Exception):
    """Something that it would come from was revoked at this very moment."""


Telling = Callable[[Impersonation], Record]
"""Draws up the entry of what became of one, to be kept with it or not at all (REL-01)."""


class ImpersonationStore(Protocol):
    """Keeps impersonations, where every node finds them. Whatever it raises refuses."""

    async def find(self, name: str) -> Impersonation | None:
        """Return the one of that id, or None."""
        ...

    async def begin(self, wanted: Wanted, name: str, mark: str, *, at: int, telling: Telling) -> Begun:
        """Begin one, or go on with the one that the administrator has for that person through that client.

        Only one that is as much as is wanted now is gone on with (``the_same``): what began without approval
        never stands in for what needs it. One that was approved begins now, once. Exact over all
        nodes: who asks at the same moment waits.

        Args:
            name: the id of a new one, and ``mark`` its mark.
            telling: of the entry, when it is fresh.

        Raises:
            TooMany: the administrator has as many as they may.
            MarksRevoked: something that it would come from was revoked.
            StoreUnavailable: nobody knows.
        """
        ...

    async def decide(
        self, name: str, *, approved: bool, by: str, why: str = "", at: int, telling: Telling
    ) -> Impersonation | None:
        """Approve one that waits, or refuse to, with what whoever refuses says; once.

        Returns:
            It, as it is now; None when it does not wait any more.
        """
        ...

    async def end(self, name: str, *, by: str, why: str, at: int, telling: Telling) -> Impersonation | None:
        """End one with every token that came of it, on every node.

        Returns:
            It, as it is now; None when it had ended already.
        """
        ...

    async def of_subject(
        self, subject: Identity, *, most: int, after: Place | None = None
    ) -> list[Impersonation]:
        """Return those in which somebody acts or acted as a person, the newest first.

        Args:
            after: where to go on; None for the newest. So for the other lists.
        """
        ...

    async def running_as(self, subject: Identity, *, at: int) -> list[Impersonation]:
        """Return those in which somebody acts as a person at ``at``, the newest first."""
        ...

    async def concerning(
        self, who: Identity, groups: Collection[str], *, most: int, after: Place | None = None
    ) -> list[Impersonation]:
        """Return those that somebody asked for, that are about them, or that their groups help to approve."""
        ...

    async def newest(self, *, most: int, after: Place | None = None) -> list[Impersonation]:
        """Return all of them."""
        ...

    async def written(self, entry: str) -> None:
        """Note that an entry that was kept with a change stands in a stream."""
        ...
