"""Making checkpoints and keeping them: with the streams, and wherever else was configured.

One process of all that share the log does it from time to time (the leader), and ``actas audit
checkpoint`` whenever asked. A checkpoint never seals less than the last one did: a stream that lost what is
sealed keeps its sealed head in every later checkpoint, so that the loss stays provable, and is reported;
the other streams go on being sealed.

Copies kept elsewhere are brought up to date each time, also after they were away for a while.

Storage is asked in threads, and a thread does not stop when the task that waits for it is cancelled. So what
takes an office, seals under it and lets go of it is seen to its end first, and cancelled only then: an office
that nobody knows of would keep every later checkpoint from being made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

from actas.audit.chain import Head, line_hash
from actas.audit.checkpoint import (
    BadCheckpoint,
    SignedCheckpoint,
    jws_of,
    read,
    ring_keys,
    sign,
    to_line,
)
from actas.audit.kept import Held, LogUnreadable, Office, SealableLog, StreamDamaged, StreamMissing
from actas.audit.lifecycle import BrokenStream
from actas.audit.series import following
from actas.audit.stream import instant
from actas.core.ending import taken, to_its_end
from actas.core.ports import Clock
from actas.crypto.jose import PublicKey
from actas.keys.ring import KeyRing
from actas.store.audit_lines import append, whole_lines

_TRIES: Final = 50
_PAUSE: Final = 0.1


class NotSealed(Exception):
    """No checkpoint was made. The message is for administrators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A checkpoint that was made and kept.

    Attributes:
        broken: streams that do not hold what is sealed: an integrity failure.
        missed: copies that could not be brought up to date, with the cause; they will be next time.
    """

    signed: SignedCheckpoint
    broken: tuple[BrokenStream, ...]
    missed: tuple[str, ...]


class Notary:
    """Seals the streams of one log.

    Args:
        also: files that get every checkpoint too.
    """

    def __init__(self, log: SealableLog, *, ring: KeyRing, clock: Clock, also: Sequence[Path] = ()) -> None:
        self._log = log
        self._ring = ring
        self._clock = clock
        self._also = tuple(also)
        self._last: SignedCheckpoint | None = None

    async def seal_now(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> Sealed:
        """Make a checkpoint of all streams as they are, and keep it.

        Raises:
            NotSealed: no audit key, storage that cannot be used, or somebody else is at it for too long.
        """
        return await to_its_end(self._seal(await self._hold_pen(sleep)))

    async def run(
        self,
        *,
        every: float,
        note: Callable[[Sealed | NotSealed], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a checkpoint every so often, in one process of those that share the log, until cancelled.

        Args:
            every: seconds.
            note: told how each attempt ended.
        """
        leader: Held | None = None
        try:
            while True:
                try:
                    # Nobody lets go of an office, which has one connection, while a thread still asks for it.
                    if leader is not None and not await to_its_end(asyncio.to_thread(leader.holds)):
                        lost, leader = leader, None
                        await _let_go(lost)
                    if leader is None:
                        leader = await self._take("leader")
                    if leader is not None:
                        note(await self.seal_now(sleep=sleep))
                except NotSealed as problem:
                    note(problem)
                except Exception as problem:  # noqa: BLE001 - whatever it is, the next turn is tried
                    note(NotSealed(f"no checkpoint was made: {problem!r}"))
                await sleep(every)
        finally:
            if leader is not None:
                await _let_go(leader)

    async def _hold_pen(self, sleep: Callable[[float], Awaitable[None]]) -> Held:
        for _ in range(_TRIES):
            try:
                held = await self._take("pen")
            except LogUnreadable as problem:
                raise NotSealed(f"no checkpoint was made: {problem}") from problem
            if held is not None:
                return held
            await sleep(_PAUSE)
        raise NotSealed("no checkpoint was made: somebody else is making one and does not finish")

    async def _take(self, office: Office) -> Held | None:
        """Take an office when it is free."""
        return await taken(asyncio.to_thread(self._log.take, office), give_back=_let_go)

    async def _seal(self, pen: Held) -> Sealed:
        try:
            before = await asyncio.to_thread(self.last)
            heads, broken = await asyncio.to_thread(_heads, self._log, before)
            signed = await sign(following(before, heads=heads, at=instant(self._clock.now())), self._ring)
            missed = await asyncio.to_thread(self._keep, signed)
        except (BadCheckpoint, ValueError, LookupError, OSError, LogUnreadable) as problem:
            raise NotSealed(f"no checkpoint was made: {problem}") from problem
        finally:
            await asyncio.to_thread(pen.release)
        self._last = signed
        return Sealed(signed=signed, broken=broken, missed=missed)

    def look(self) -> tuple[dict[str, Head], tuple[BrokenStream, ...]]:
        """Return what a checkpoint would seal now, and the streams that lost what was sealed.

        Raises:
            LogUnreadable: the log cannot be read.
            OSError: a copy is there and cannot be read.
        """
        return _heads(self._log, self.last())

    def last(self) -> SignedCheckpoint | None:
        """Return the last checkpoint that is known from anywhere, copies included, and verifies.

        Raises:
            LogUnreadable: the log cannot be read.
            OSError: a copy is there and cannot be read.
        """
        keys = ring_keys(self._ring)
        own = first_to_verify(self._log.latest_checkpoints(), keys)
        copies = [last_checkpoint(whole_lines(path), keys) for path in self._also]
        known = [own, *copies, self._last]
        return max(
            (one for one in known if one is not None), key=lambda one: one.checkpoint.number, default=None
        )

    def _keep(self, signed: SignedCheckpoint) -> tuple[str, ...]:
        self._log.keep_checkpoint(to_line(signed))
        missed: list[str] = []
        for path in self._also:
            try:
                append(path, self._lacking(set(whole_lines(path))))
            except OSError as problem:
                missed.append(f"{path}: {problem}")
        return tuple(missed)

    def _lacking(self, there: set[bytes]) -> list[bytes]:
        """Return the latest checkpoints, in order, that a copy with these lines has not."""
        latest = (line + b"\n" for line in self._log.latest_checkpoints())
        return [*takewhile(lambda line: line not in there, latest)][::-1]


def last_checkpoint(lines: Iterable[bytes], keys: Mapping[str, PublicKey]) -> SignedCheckpoint | None:
    """Return the last checkpoint among lines that verifies, or None."""
    return first_to_verify(reversed(list(lines)), keys)


def first_to_verify(lines: Iterable[bytes], keys: Mapping[str, PublicKey]) -> SignedCheckpoint | None:
    """Return the first checkpoint among lines that verifies, or None."""
    for line in lines:
        try:
            return read(jws_of(line.rstrip(b"\r\n")), keys)
        except BadCheckpoint:
            continue
    return None


async def _let_go(held: Held | None) -> None:
    if held is not None:
        await to_its_end(asyncio.to_thread(held.release))


def _heads(
    log: SealableLog, before: SignedCheckpoint | None
) -> tuple[dict[str, Head], tuple[BrokenStream, ...]]:
    """Return what to seal of each stream, and the streams that lost what was sealed."""
    sealed: Mapping[str, Head] = before.checkpoint.heads if before is not None else {}
    heads: dict[str, Head] = {}
    broken: list[BrokenStream] = []
    for stream in sorted({*log.streams(), *sealed}):
        kept = sealed.get(stream)
        try:
            with log.reading(stream) as reader:
                head = reader.head()
                line = reader.line(kept.seq) if kept is not None else None
        except (StreamDamaged, StreamMissing):
            head, line = None, None
        if kept is None:
            if head is not None and head.seq:
                heads[stream] = head
        elif head is None or line is None or line_hash(line) != kept.hash:
            heads[stream] = kept
            sentence = f"{stream} does not hold entry {kept.seq} as it was sealed"
            broken.append(BrokenStream(stream=stream, seq=kept.seq, sentence=sentence))
        else:
            heads[stream] = head
    return heads, tuple(broken)
