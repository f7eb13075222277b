"""The views of signing in: who somebody is, a second step, and which account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actas.web.pages.assets import PASSKEY_SCRIPT
from actas.web.pages.parts import App, ProviderButton, Station
from actas.web.pages.view import FormView


@dataclass(frozen=True, slots=True)
class PasskeyForm:
    """A form of its own, which the script of the page fills in. It has ``answer``, and carries the same.

    Attributes:
        action: the path to which it is posted.
        csrf: its token.
        asked: what the browser is asked for, as JSON.
    """

    action: str
    csrf: str
    asked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(FormView):
    """Name and password, or another place to sign in.

    The form has ``name`` and ``password``. The button of a provider is a link: what follows a form may lead
    only to addresses that are known before, and a provider may lead on to others.

    Attributes:
        app: who asks; None when somebody came by themselves.
        name: what was typed before, or the request's ``login_hint``.
        error: what went wrong and what to do, in words that never say whether there is such an account.
        again: whether somebody is to prove once more who they are, to change what they sign in with.
        password: whether anybody signs in with a password here.
        providers: where else people sign in.
        passkey: the way by a passkey; None where there is none.
    """

    template: ClassVar[str] = "sign_in.html"
    title: ClassVar[str] = "Sign in"

    app: App | None = None
    name: str = ""
    error: str | None = None
    again: bool = False
    password: bool = True
    providers: tuple[ProviderButton, ...] = ()
    passkey: PasskeyForm | None = None

    @property
    def script(self) -> str | None:
        return None if self.passkey is None else PASSKEY_SCRIPT

    @property
    def line(self) -> tuple[Station, ...]:
        """Somebody, not known yet, and the app."""
        you = Station("person", "You", "not signed in", "pending", hollow=True)
        return (you, self.app.station()) if self.app else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInCode(FormView):
    """The second step: a one-time code. The form has ``code``.

    Attributes:
        app: who asks; None when somebody came by themselves.
        name: that was given in the first step, whether or not there is such an account.
        error: what went wrong and what to do.
        back: the path at which to begin again with another name.
        passkey: the way by a passkey; None for somebody who has none.
    """

    template: ClassVar[str] = "sign_in_code.html"
    title: ClassVar[str] = "One-time code"

    app: App | None = None
    name: str
    error: str | None = None
    back: str
    passkey: PasskeyForm | None = None

    @property
    def script(self) -> str | None:
        return None if self.passkey is None else PASSKEY_SCRIPT

    @property
    def line(self) -> tuple[Station, ...]:
        """Somebody, half known, and the app."""
        you = Station("person", self.name, "one more step", "pending", hollow=True)
        return (you, self.app.station()) if self.app else ()
