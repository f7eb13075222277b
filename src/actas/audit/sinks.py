"""Sinks: where copies of the log go. What is known of each, and who may deliver to it (REL-04).

A sink gets every entry at least once and each stream in order. How far it has come is kept with the main
database, and moves only once the sink said that it has an entry for good. One process of all that share a log
delivers to a sink; it holds a lease with a **fence**, a number that grows with every holder and that every
write about the sink names, so that one who was frozen and thaws can write nothing (REL-22).

A lease is no matter of clocks. Its holder counts how long it is good from before its last sign of life was
written, the others from after they saw it; whoever saw none for longer than that takes over.

Nothing here delivers: that is ``audit.pump``'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Protocol

from actas.audit.chain import Head
from actas.audit.formats.catalog import Format
from actas.audit.formats.entry import Origin
from actas.audit.query import Term

LEASE: Final = 6.0
"""Seconds for which a holder may deliver after it began to write its last sign of life."""

TAKEN_AFTER: Final = 7.5
"""Seconds without a new sign of life after which another takes over."""

RENEW: Final = 2.0
"""Seconds between two signs of life."""


class Fenced(Exception):
    """Somebody else holds the lease by now, or an operator stepped in: nothing was written."""


class NotTaken(Exception):
    """A sink did not take a delivery, and may take it later. The message is for administrators.

    Args:
        retry_after: seconds after which the sink wants to be asked again; None when it did not say.
    """

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Refused(Exception):
    """A sink will not have a delivery, now or later. The message is for administrators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery: the entries of a stream after one number up to another."""

    stream: str
    after: int
    upto: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkState:
    """What is known of a sink. Times in seconds since the epoch, 0 for never.

    Attributes:
        holder: who delivers; empty when nobody does.
        fence: the number of the lease, beat that of the holder's last sign of life.
        paused_by: who paused it; empty when nobody did.
        due: what was being delivered last, until it is known to be delivered.
        refused: why the sink will not have that; empty when it did not say so.
        trouble: why the last delivery failed; empty when it did not.
        trouble_since: when deliveries began to fail.
        delivered_at: when the sink last took something.
        behind_since: when the oldest entry was made that it has not.
        behind_bytes: about how much it has not.
        has: the last entry of each stream that it has.
    """

    holder: str = ""
    fence: int = 0
    beat: int = 0
    paused_by: str = ""
    due: Due | None = None
    refused: str = ""
    trouble: str = ""
    trouble_since: int = 0
    delivered_at: int = 0
    behind_since: int = 0
    behind_bytes: int = 0
    has: Mapping[str, Head] = field(default_factory=dict[str, Head])


class SinkStore(Protocol):
    """Keeps what is known of the sinks of one log. Every method raises ``StoreUnavailable``."""

    async def state(self, sink: str) -> SinkState:
        """Return what is known of a sink; nothing, when nobody ever delivered to it."""
        ...

    async def take(self, sink: str, *, holder: str, seen: tuple[int, int] | None) -> int | None:
        """Take the lease of a sink that nobody holds.

        Args:
            holder: who asks.
            seen: fence and beat of a holder that has shown no other sign of life for long enough; None to
                take only what nobody holds.

        Returns:
            The fence; None when somebody else holds it.
        """
        ...

    async def renew(self, sink: str, *, fence: int, behind_since: int, behind_bytes: int) -> None:
        """Show a sign of life.

        Raises:
            Fenced: the lease is lost.
        """
        ...

    async def plan(self, sink: str, due: Due, *, fence: int) -> None:
        """Note what is about to be delivered.

        Raises:
            Fenced: the lease is lost, or the sink was paused.
        """
        ...

    async def advance(self, sink: str, stream: str, has: Head, *, fence: int, at: int) -> None:
        """Note that a sink has a stream up to an entry.

        Args:
            at: when it took something; 0 when there was nothing to take.

        Raises:
            Fenced: the lease is lost.
        """
        ...

    async def fail(self, sink: str, *, fence: int, trouble: str, refused: bool, at: int) -> None:
        """Note that a delivery failed.

        Args:
            refused: whether the sink will not have it.

        Raises:
            Fenced: the lease is lost.
        """
        ...

    async def release(self, sink: str, *, fence: int) -> None:
        """Let another one have the lease. Nothing when it is lost."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is delivered at once: entries of one stream, in order.

    Attributes:
        after: the entry before the first one that it covers.
        upto: the last one that it covers; those between that are not in it are not for this sink.
        documents: the entries in the format of the sink, each one line without its end.
        lost: the first and last number before these that the log does not hold; None when it holds all.
    """

    stream: str
    after: Head
    upto: Head
    documents: Sequence[bytes]
    lost: tuple[int, int] | None = None

    @property
    def due(self) -> Due:
        """What is delivered."""
        return Due(stream=self.stream, after=self.after.seq, upto=self.upto.seq)

    def name(self, sink: str) -> str:
        """Return the id of the delivery: the same whoever tries it, and however often."""
        what = "\n".join((sink, self.stream, str(self.after.seq), self.upto.hash))
        return f"d_{sha256(what.encode()).hexdigest()[:32]}"


class Receiver(Protocol):
    """The far end of a sink."""

    async def take(self, batch: Batch, *, confirm: Callable[[], Awaitable[None]]) -> None:
        """Deliver, and return once the far end has it for good.

        Args:
            confirm: called at the last moment at which nothing has been delivered; raises ``Fenced``.

        Raises:
            NotTaken: it did not take it.
            Refused: it will not.
            Fenced: ``confirm`` did.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """A sink as it is configured.

    Attributes:
        where: where it leads, for people; no secret is in it.
        query: the terms that must all hold of an entry that is delivered.
        most: entries in one delivery.
    """

    name: str
    where: str
    format: Format
    query: Sequence[Term]
    most: int
    receiver: Receiver
    origin: Origin
