"""The view of my access: who may act for me, where I am signed in, and who acted as me."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from actas.web.pages.parts import App, ScopeLine, Station
from actas.web.pages.view import View
from actas.web.pages.words import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One place where I am signed in.

    Attributes:
        id: sent as ``session``.
        device: the browser and the system, as they say of themselves.
        where: the address it was last seen at.
        signed_in_at: when it began.
        seen_at: when it was last used.
        current: whether it is the one that looks at the page.
    """

    id: str
    device: str
    where: str
    signed_in_at: datetime
    seen_at: datetime
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRow:
    """One app that may act for me.

    Attributes:
        id: sent as ``app``.
        app: as people are told about it.
        scopes: what it may do.
        since: when I allowed it.
        used_at: when it last did; None for never.
    """

    id: str
    app: App
    scopes: tuple[ScopeLine, ...]
    since: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpersonationRow:
    """One time that somebody acted, acts or may act as me.

    Attributes:
        id: sent as ``impersonation``.
        who: acted: their name for people to read, where this server knows one.
        identifier: what the log calls them; None when that is what ``who`` says.
        known_by: the issuer that knows them; None when that is this server.
        client: through which they asked.
        reason: they gave.
        ticket: they named; None for none.
        targets: the names of the APIs that it is good for; ``scopes`` what it may do there.
        approved_by: the second person who approved it; None when none had to.
        began_at: when it began.
        ends_at: when it ends or ended.
        running: whether it goes on now.
        ended: how it ended, as in "by you"; None while it runs.
        ended_why: what whoever ended it said; None for nothing.
    """

    id: str
    who: str
    reason: str
    ticket: str | None
    targets: tuple[str, ...]
    scopes: tuple[ScopeLine, ...]
    began_at: datetime
    ends_at: datetime
    running: bool
    identifier: str | None = None
    known_by: str | None = None
    client: str
    approved_by: str | None = None
    ended: str | None = None
    ended_why: str | None = None

    @property
    def line(self) -> tuple[Station, ...]:
        """Who acts, as whom, and where."""
        first = self.targets[0] if self.targets else "no API"
        more = len(self.targets) - 1
        end = f"{first} and {more} more" if more > 0 else first
        return (
            Station("person", self.who, "acts as you", "dashed"),
            Station("person", "You", "your name", "dashed"),
            Station("api", end, "APIs" if more > 0 else "API"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WayRow:
    """One way in which I sign in, or might.

    Attributes:
        name: of it.
        on: what is said beside its name when I have it.
        text: what it is good for, or how much of it is left.
        care: whether it needs to be looked after.
        path: to the page that changes it.
        button: the words of the way there.
    """

    name: str
    on: str | None = None
    text: str
    care: bool = False
    path: str
    button: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MyAccess(View):
    """Everything that may act for me, and a button to stop each.

    Each button is a form of its own, with ``csrf`` and the id of its row.

    Attributes:
        person: I, as I am called.
        account: the name by which I sign in.
        now: the instant from which the page looks.
        csrf: the token of its forms (SEC-78).
        sessions: where I am signed in, this one first.
        apps: what may act for me.
        impersonations: who acted as me, the running ones first.
        earlier: the address of the page of those before; None when there are none.
        done: what was just done, in a sentence; None for nothing.
        end_session: the path that ends a session, by ``session``.
        stop_app: the path that stops an app, by ``app``.
        end_impersonation: the path that ends one, by ``impersonation``.
        sign_out: the path of signing out here.
        ways: how I sign in; nothing for somebody who signs in elsewhere.
    """

    template: ClassVar[str] = "my_access.html"
    title: ClassVar[str] = "My access"
    wide: ClassVar[bool] = True

    person: str
    account: str
    now: datetime
    csrf: str
    sessions: tuple[SessionRow, ...]
    apps: tuple[AppRow, ...]
    impersonations: tuple[ImpersonationRow, ...]
    earlier: str | None = None
    done: str | None = None
    end_session: str
    stop_app: str
    end_impersonation: str
    sign_out: str
    ways: tuple[WayRow, ...] = ()

    @property
    def running(self) -> tuple[ImpersonationRow, ...]:
        """Who acts as me now."""
        return tuple(one for one in self.impersonations if one.running)

    @property
    def past(self) -> tuple[ImpersonationRow, ...]:
        """Who acted as me before."""
        return tuple(one for one in self.impersonations if not one.running)

    @property
    def sentence(self) -> str:
        """How things are."""
        apps = len(self.apps)
        may = "No app may act for you" if not apps else f"{counted(apps, 'app', 'apps')} may act for you"
        places = counted(len(self.sessions), "place", "places")
        here = f"you are signed in {f'at {places}' if self.sessions else 'nowhere'}"
        who = len(self.running)
        acting = (
            "Nobody acts as you." if not who else f"{counted(who, 'person acts', 'people act')} as you now."
        )
        return f"{may}, and {here}. {acting}"
