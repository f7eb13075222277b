"""The view of consent: what an app asks for, and what follows from allowing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actas.web.pages.parts import App, ScopeLine, Station, apis_of, strength
from actas.web.pages.view import FormView


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(FormView):
    """May this app act for you? The form has ``decision``: ``allow`` or ``deny``.

    Attributes:
        app: who asks.
        person: whose power it is, as they are called.
        account: the name by which they signed in.
        scopes: what is asked for.
        redirect_host: where the answer goes (OP-129); None where it goes nowhere, as with a device.
        local: whether the answer goes to a program on the person's own computer (OP-91).
        offline: whether the app may act while the person is away.
        my_access: the path of the page on which it can be stopped.
    """

    template: ClassVar[str] = "consent.html"
    title: ClassVar[str] = "May this app act for you?"

    app: App
    person: str
    account: str
    scopes: tuple[ScopeLine, ...]
    redirect_host: str | None
    local: bool = False
    offline: bool = False
    my_access: str

    @property
    def line(self) -> tuple[Station, ...]:
        """The person, the app, and what it wants to reach."""
        end = apis_of(self.scopes)
        you = Station("person", self.person, "you")
        app = self.app.station(strength([one for one in self.scopes if one.api is not None]))
        return (you, app, end) if end else (you, app)

    @property
    def about(self) -> tuple[ScopeLine, ...]:
        """What says who somebody is."""
        return tuple(one for one in self.scopes if one.api is None)

    @property
    def reach(self) -> tuple[tuple[str, tuple[ScopeLine, ...]], ...]:
        """What can be done, API by API."""
        names = dict.fromkeys(one.api for one in self.scopes if one.api is not None)
        return tuple((name, tuple(one for one in self.scopes if one.api == name)) for name in names)
