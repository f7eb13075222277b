"""How people are told of what is done in their name, checked and compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from actas.core.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How letters are sent.

    Attributes:
        sender: the address that they come from.
        username: None for a server that wants none.
        password: None then, and for a command that sends nothing.
    """

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    sender: str
    username: str | None = None
    password: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSettings:
    """Who is told of impersonations.

    Attributes:
        to: ``subject``, the person, and addresses.
        at: what they are told.
        webhook: an address that is told too; None for none.
        secrets: what its requests are signed with; none for a command that sends nothing.
    """

    to: tuple[str, ...] = ()
    at: frozenset[Literal["start", "end"]] = frozenset()
    webhook: str | None = None
    secrets: tuple[Secret, ...] = ()
