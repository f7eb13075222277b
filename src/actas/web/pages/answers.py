"""The views that end something: an error, a word, an answer on its way, signing out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actas.core.reason import Reason, ReasonText
from actas.web.pages.parts import App, Station
from actas.web.pages.view import FormView, View


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView(View):
    """A request that was refused and may not be answered by a redirect (OP-3).

    Attributes:
        sentence: what happened.
        remedy: what to do; what stands between backticks is code.
        reason: the reason's name, a fragment of the page that explains it; None for none.
        docs: the address of that page; None for none.
        entry: the entry in the audit log; None when there is none.
    """

    template: ClassVar[str] = "error.html"
    title: ClassVar[str] = "This did not work"

    sentence: str
    remedy: str
    reason: str | None = None
    docs: str | None = None
    entry: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonsView(View):
    """Why requests are refused, reason by reason. It holds its own style, and needs nothing else.

    Attributes:
        reasons: every one, with what is said of it.
    """

    template: ClassVar[str] = "reasons.html"
    title: ClassVar[str] = "Why a request was refused"

    reasons: tuple[tuple[Reason, ReasonText], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(View):
    """Something is done.

    Attributes:
        sentence: what happened.
        text: what follows from it, a paragraph each.
        link: a path to go on to, with its words; None for nowhere.
    """

    template: ClassVar[str] = "message.html"
    title: ClassVar[str] = "Done"

    sentence: str
    text: tuple[str, ...] = ()
    link: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting(View):
    """An answer that the browser carries to an app in a form (``response_mode=form_post``).

    It needs a press of a button: the page runs no script.

    Attributes:
        address: the redirect address, to which the form is posted.
        host: of it, for people to see.
        app: who waits for the answer.
        fields: the answer, names with values.
    """

    template: ClassVar[str] = "posting.html"
    title: ClassVar[str] = "One more step"

    address: str
    host: str
    app: App
    fields: tuple[tuple[str, str], ...]

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.address,)

    @property
    def line(self) -> tuple[Station, ...]:
        """The person and the app."""
        return (Station("person", "You", "signed in"), self.app.station())


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut(FormView):
    """Sign out? The form has nothing but a button.

    Attributes:
        person: who is signed in, as they are called.
        app: who asks; None when the person does.
        stay: the path to go to otherwise.
    """

    template: ClassVar[str] = "sign_out.html"
    title: ClassVar[str] = "Sign out"

    person: str
    app: App | None = None
    stay: str | None = None
