"""The views that change how somebody signs in: a password, one-time codes, passkeys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from actas.web.pages.assets import PASSKEY_SCRIPT
from actas.web.pages.view import FormView, View


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword(FormView):
    """The form has ``current``, ``new`` and ``again``.

    Attributes:
        account: the name by which they sign in, for password managers.
        has_one: whether they have a password; who has none types none.
        shortest: characters that a password has at least.
        error: what went wrong and what to do.
        back: the path of my access.
    """

    template: ClassVar[str] = "change_password.html"
    title: ClassVar[str] = "Change password"

    account: str
    has_one: bool = True
    shortest: int
    error: str | None = None
    back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolCodes(FormView):
    """Turn one-time codes on. The form has ``code``, and ``deed``: ``confirm``.

    Attributes:
        account: the name by which they sign in.
        secret: as an app takes it, in base 32.
        uri: ``otpauth://…``, which is drawn as a QR code.
        error: what went wrong and what to do.
        back: the path of my access.
    """

    template: ClassVar[str] = "enrol_codes.html"
    title: ClassVar[str] = "Turn on one-time codes"

    account: str
    secret: str
    uri: str
    error: str | None = None
    back: str

    @property
    def groups(self) -> tuple[str, ...]:
        """The secret in groups of four, to read and to type."""
        return tuple(self.secret[at : at + 4] for at in range(0, len(self.secret), 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask(FormView):
    """A change that is one button. The form has ``deed``.

    Attributes:
        sentence: what it means.
        text: more of it, in paragraphs.
        deed: what the button sends.
        button: the words on it.
        keep: the words of the way back.
        stops: whether it takes something away.
        back: the path of my access.
    """

    template: ClassVar[str] = "ask.html"
    sentence: ClassVar[str]
    text: ClassVar[tuple[str, ...]]
    deed: ClassVar[str]
    button: ClassVar[str]
    keep: ClassVar[str]
    stops: ClassVar[bool] = False

    back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginCodes(_Ask):
    """Before the secret is made: a page that is only looked at makes none."""

    title: ClassVar[str] = "Turn on one-time codes"
    sentence: ClassVar[str] = "A second step keeps out whoever knows your password"
    text: ClassVar[tuple[str, ...]] = (
        "You need an app on your phone, or a password manager, that shows six digits every half a minute.",
        "From then on, signing in asks for such a code after the password.",
    )
    deed: ClassVar[str] = "begin"
    button: ClassVar[str] = "Show the secret for my app"
    keep: ClassVar[str] = "Leave codes off"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropCodes(_Ask):
    """Turn one-time codes off."""

    title: ClassVar[str] = "Turn off one-time codes"
    sentence: ClassVar[str] = "From then on, your password alone signs you in"
    text: ClassVar[tuple[str, ...]] = (
        "Whoever knows it can be you. The secret in your app and your recovery codes are good no more.",
    )
    deed: ClassVar[str] = "drop"
    button: ClassVar[str] = "Turn off codes"
    keep: ClassVar[str] = "Keep codes on"
    stops: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecovery(_Ask):
    """Have other recovery codes."""

    title: ClassVar[str] = "Recovery codes"
    sentence: ClassVar[str] = "New recovery codes take the place of the ones that you have"
    text: ClassVar[tuple[str, ...]] = (
        "The old ones are good no more, used or not. The new ones are shown once.",
    )
    deed: ClassVar[str] = "make"
    button: ClassVar[str] = "Make new codes"
    keep: ClassVar[str] = "Keep the old ones"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodes(View):
    """Recovery codes, this once.

    Attributes:
        codes: they.
        first: whether codes were turned on just now.
        back: the path of my access.
    """

    template: ClassVar[str] = "recovery_codes.html"
    title: ClassVar[str] = "Recovery codes"

    codes: tuple[str, ...]
    first: bool
    back: str


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """One passkey.

    Attributes:
        id: sent as ``passkey``.
        name: what its owner calls it.
        made_at: when it was made.
        used_at: when it was used last; None for never.
    """

    id: str
    name: str
    made_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyList(FormView):
    """My passkeys. Its forms have ``deed`` (``begin``, ``rename``, ``remove``), ``passkey`` and ``name``.

    Attributes:
        passkeys: they.
        removable: whether one may be removed: not the last thing that somebody signs in with.
        now: the instant from which the page looks.
        done: what was just done, in a sentence.
        error: what went wrong and what to do.
        back: the path of my access.
    """

    template: ClassVar[str] = "passkeys.html"
    title: ClassVar[str] = "Passkeys"

    passkeys: tuple[PasskeyRow, ...]
    removable: bool
    now: datetime
    done: str | None = None
    error: str | None = None
    back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MakePasskey(FormView):
    """The browser makes one. The form has ``deed`` (``make``), ``answer`` and ``name``.

    Attributes:
        asked: what the browser is asked for, as JSON.
        name: what it will be called, unless it is changed.
        back: the path of my passkeys.
    """

    template: ClassVar[str] = "make_passkey.html"
    title: ClassVar[str] = "Add a passkey"

    asked: str
    name: str
    back: str

    @property
    def script(self) -> str | None:
        return PASSKEY_SCRIPT
