"""The views that change how somebody signs in: a password, one-time codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actas.web.pages.view import FormView


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword(FormView):
    """The form has ``current``, ``new`` and ``again``.

    Attributes:
        account: the name by which they sign in, for password managers.
        shortest: characters that a password has at least.
        error: what went wrong and what to do.
        back: the path of my access.
    """

    template: ClassVar[str] = "change_password.html"
    title: ClassVar[str] = "Change password"

    account: str
    shortest: int
    error: str | None = None
    back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolCodes(FormView):
    """Turn one-time codes on. The form has ``code``.

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
class DropCodes(FormView):
    """Turn one-time codes off. The form has ``password``.

    Attributes:
        account: the name by which they sign in, for password managers.
        error: what went wrong and what to do.
        back: the path of my access.
    """

    template: ClassVar[str] = "drop_codes.html"
    title: ClassVar[str] = "Turn off one-time codes"

    account: str
    error: str | None = None
    back: str
