"""Taking a stream up: claim it, check it, say what happened to it (REL-03).

The storage repairs a torn tail by itself. Then the chain is followed, from the last point that was checked or
sealed, and the stream's first new entry says how it was found: ``log:started`` after a birth or a clean stop,
``log:recovered`` after anything else, naming the tokens of which nobody knows whether they were delivered.

A stream that does not hold what it must is never written to again: it is passed over and left as evidence,
the next free name is taken, and that stream's first entry names the broken one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from actas.audit.chain import EMPTY, BrokenChain, Head, extend, follow, line_hash
from actas.audit.delivery import granted, ids
from actas.audit.lifecycle import BrokenStream, Narrator
from actas.core.errors import AuditUnavailable
from actas.store.audit_claim import MOST_STREAMS

BATCH: Final = 1000
"""Rows read at once, so that checking a long stream holds little in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is remembered of a stream beside its entries.

    Attributes:
        delivered: every token recorded up to this entry was handed to the transport.
        checked: the chain was followed up to this entry. Saves time at opening; proves nothing, since who
            can edit a line can edit this: ``audit verify`` does not read it.
        clean: whether the stream was closed after its last entry.
    """

    delivered: int
    checked: int
    clean: bool


class OpenStream(Protocol):
    """A stream that this process has claimed and may write."""

    async def state(self) -> State:
        """Return what is remembered of it."""
        ...

    async def head(self) -> Head:
        """Return its end."""
        ...

    async def line(self, seq: int) -> bytes | None:
        """Return one line, or None."""
        ...

    async def rows(self, *, after: int, most: int) -> list[tuple[int, bytes]]:
        """Return up to ``most`` rows after number ``after``, in order."""
        ...

    async def undelivered(self) -> list[int]:
        """Return the numbers set aside: their answers did not leave in time and no event named them yet."""
        ...

    async def take_up(self, lines: tuple[bytes, ...], *, head: Head) -> None:
        """Write the first entries after opening it, and forget what these name.

        Args:
            head: the end of the stream, up to which it was followed.
        """
        ...

    async def close(self) -> None:
        """Let go of everything but the claim."""
        ...


S = TypeVar("S", bound=OpenStream)
S_co = TypeVar("S_co", bound=OpenStream, covariant=True)


class Free(Protocol[S_co]):
    """A stream that nobody writes, claimed for us."""

    @property
    def name(self) -> str:
        """The stream's name."""
        ...

    async def open(self, *, sealed: Head) -> S_co:
        """Open it for writing; make it when there is none.

        Args:
            sealed: what the last checkpoint sealed of it.

        Raises:
            BrokenChain: something of it is sealed, and it is not there.
        """
        ...

    async def release(self) -> None:
        """Let the next one have it."""
        ...


class Streams(Protocol[S_co]):
    """Where streams are, for one opening.

    Attributes:
        where: the place, for people.
        damage: what is raised when a stream is damaged, by any of its methods.
        failure: what is raised when the storage does not let itself be used.
    """

    where: str
    damage: tuple[type[Exception], ...]
    failure: tuple[type[Exception], ...]

    async def next_free(self) -> Free[S_co] | None:
        """Claim the next stream that nobody writes; None when there is none.

        Raises:
            AuditUnavailable: nothing can be claimed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Generic[S]):
    """A stream that this process writes.

    Attributes:
        head: the end of the stream, its opening entries included.
        unknown: ids of the entries that the opening named as "delivery unknown".
        broken: streams that were passed over.
    """

    name: str
    stream: S
    head: Head
    unknown: tuple[str, ...]
    broken: tuple[BrokenStream, ...]


async def open_stream(
    streams: Streams[S],
    *,
    narrator: Narrator,
    sealed: Mapping[str, Head],
    left: Sequence[BrokenStream] = (),
) -> Opened[S]:
    """Take up the first stream that is free and whole.

    Args:
        sealed: the heads that the last checkpoint known to be ours sealed, by stream.
        left: streams that this process wrote and found changed; the first entry names them.

    Raises:
        AuditUnavailable: the storage does not let itself be used.
        UnsoundSqlite: see ``store.audit_sqlite``.
    """
    broken = [*left]
    while (free := await streams.next_free()) is not None:
        name = free.name
        try:
            return await _open(free, narrator=narrator, sealed=sealed.get(name, EMPTY), broken=broken)
        except BrokenChain as fault:
            broken.append(BrokenStream(stream=name, seq=fault.seq, sentence=fault.sentence))
            await free.release()
        except streams.damage as fault:
            sentence = f"what keeps {name} is damaged: {fault}"
            broken.append(BrokenStream(stream=name, seq=1, sentence=sentence))
            await free.release()
        except streams.failure as problem:
            await free.release()
            raise AuditUnavailable(f"stream {name} cannot be opened: {problem}") from problem
        except BaseException:
            await free.release()
            raise
    raise AuditUnavailable(f"all {MOST_STREAMS} streams of {streams.where} are taken or broken")


async def _open(free: Free[S], *, narrator: Narrator, sealed: Head, broken: list[BrokenStream]) -> Opened[S]:
    stream = await free.open(sealed=sealed)
    try:
        state = await stream.state()
        base, head = await _check(stream, free.name, state=state, sealed=sealed)
        unknown = await _unknown(stream, state)
        if head == EMPTY or state.clean:
            bodies = narrator.started(unknown=unknown, broken=broken)
        else:
            bodies = narrator.recovered(checked=(base, head.seq), unknown=unknown, broken=broken)
        lines, after = extend(bodies, stream=free.name, head=head)
        await stream.take_up(lines, head=head)
    except BaseException:
        await stream.close()
        raise
    return Opened(name=free.name, stream=stream, head=after, unknown=tuple(unknown), broken=tuple(broken))


async def _check(stream: OpenStream, name: str, *, state: State, sealed: Head) -> tuple[int, Head]:
    """Follow the chain from the last known point; return where it began and where it ends."""
    base = await _base(stream, name, checked=state.checked, sealed=sealed)
    head = base
    while True:
        rows = await stream.rows(after=head.seq, most=BATCH)
        if not rows:
            return base.seq, head
        head = follow(rows, stream=name, head=head)


async def _base(stream: OpenStream, name: str, *, checked: int, sealed: Head) -> Head:
    """Return the point to follow the chain from: what is sealed must be there."""
    if sealed.seq:
        line = await stream.line(sealed.seq)
        if line is None:
            ends = (await stream.head()).seq
            raise BrokenChain(ends + 1, f"entry {sealed.seq} of {name} is sealed, but {name} ends at {ends}")
        if line_hash(line) != sealed.hash:
            raise BrokenChain(sealed.seq, f"entry {sealed.seq} of {name} is not the one that was sealed")
    if checked > sealed.seq:
        line = await stream.line(checked)
        if line is None:
            ends = (await stream.head()).seq
            raise BrokenChain(
                ends + 1, f"{name} had {checked} entries when it was last opened, and has {ends}"
            )
        return Head(checked, line_hash(line))
    return sealed


async def _unknown(stream: OpenStream, state: State) -> list[str]:
    """Return the ids of the granted entries whose answer may never have left."""
    aside = [line for seq in await stream.undelivered() if (line := await stream.line(seq)) is not None]
    past: list[bytes] = []
    after = state.delivered
    while rows := await stream.rows(after=after, most=BATCH):
        after = rows[-1][0]
        lines = [line for _, line in rows]
        past += [lines[at] for at in granted(0, lines)]
    return ids(aside + past)
