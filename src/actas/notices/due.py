"""What is kept of a notice until everybody was told."""

from __future__ import annotations

from typing import Final, Literal, Protocol, get_args

import msgspec

What = Literal["start", "end"]
"""What a notice tells: that somebody acts as a person now, or that nobody does any more."""

WHATS: Final[tuple[What, ...]] = get_args(What)


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice that is due.

    Attributes:
        impersonation: its id.
        due_at: when it is tried next, seconds since the epoch.
        tries: how often somebody began to tell it.
        told: who needs no telling any more, by the names of the recipients.
    """

    impersonation: str
    what: What
    due_at: int
    tries: int = 0
    told: tuple[str, ...] = ()


class NoticeStore(Protocol):
    """Keeps notices, where every node finds them. Every method raises ``StoreUnavailable``."""

    async def due(self, *, at: int, most: int) -> list[Notice]:
        """Return what is due at ``at``, the oldest first."""
        ...

    async def claim(self, notice: Notice, *, until: int) -> Notice | None:
        """Take a notice, so that nobody else tells it before ``until``.

        Returns:
            It, with one try more; None when somebody else was faster.
        """
        ...

    async def put_off(self, notice: Notice, *, until: int) -> None:
        """Keep a claimed notice, with whom it names as told by now, and try again at ``until``."""
        ...

    async def done(self, notice: Notice) -> None:
        """Forget a claimed notice: there is nobody left to tell."""
        ...
