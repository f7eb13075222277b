"""Taking a stream up: claim it, check it, say what happened to it (REL-03).

SQLite repairs a torn tail by itself when the file is opened. Then the chain is followed, from the last
point that was checked or sealed, and the stream's first new entry says how it was found: ``log:started``
after a birth or a clean stop, ``log:recovered`` after anything else, naming the tokens of which nobody
knows whether they were delivered.

A stream that does not hold what it must is never written to again: it is passed over and left as evidence,
the next free name is taken, and that stream's first entry names the broken one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import apsw

from actas.audit.chain import EMPTY, BrokenChain, Head, extend, follow, line_hash
from actas.audit.delivery import granted, ids
from actas.audit.lifecycle import BrokenStream, Narrator
from actas.core.errors import AuditUnavailable
from actas.store.audit_claim import MOST_STREAMS, Claim, free_streams
from actas.store.audit_file import State, StreamFile

BATCH = 1000
"""Rows read at once, so that checking a long stream holds little in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A stream that this process writes.

    Attributes:
        head: the end of the stream, its opening entries included.
        unknown: ids of the entries that the opening named as "delivery unknown".
        broken: streams that were passed over.
    """

    claim: Claim
    path: Path
    file: StreamFile
    head: Head
    unknown: tuple[str, ...]
    broken: tuple[BrokenStream, ...]


def open_stream(
    folder: Path, *, narrator: Narrator, sealed: Mapping[str, Head], vfs: str | None = None
) -> Opened:
    """Take up the first stream of ``folder`` that is free and whole.

    Args:
        sealed: the heads that the last checkpoint known to be ours sealed, by stream.

    Raises:
        AuditUnavailable: the storage does not let itself be used.
        UnsoundSqlite: see ``store.audit_sqlite``.
    """
    broken: list[BrokenStream] = []
    for claim in free_streams(folder):
        try:
            return _open(
                folder, claim, narrator=narrator, sealed=sealed.get(claim.name, EMPTY), vfs=vfs, broken=broken
            )
        except BrokenChain as fault:
            broken.append(BrokenStream(stream=claim.name, seq=fault.seq, sentence=fault.sentence))
            claim.release()
        except (apsw.CorruptError, apsw.NotADBError) as fault:
            sentence = f"the file of {claim.name} is damaged: {fault}"
            broken.append(BrokenStream(stream=claim.name, seq=1, sentence=sentence))
            claim.release()
        except (apsw.Error, OSError) as problem:
            claim.release()
            raise AuditUnavailable(f"stream {claim.name} cannot be opened: {problem}") from problem
        except BaseException:
            claim.release()
            raise
    raise AuditUnavailable(f"all {MOST_STREAMS} streams of {folder} are taken or broken")


def _open(
    folder: Path,
    claim: Claim,
    *,
    narrator: Narrator,
    sealed: Head,
    vfs: str | None,
    broken: list[BrokenStream],
) -> Opened:
    path = folder / f"{claim.name}.db"
    if sealed.seq and not path.exists():
        # Not made anew: an empty file in its place would look as if it had always been so.
        raise BrokenChain(1, f"stream {claim.name} is gone, and was sealed up to entry {sealed.seq}")
    file = StreamFile(path, vfs=vfs)
    try:
        state = file.state()
        base, head = _check(file, claim.name, state=state, sealed=sealed)
        unknown = _unknown(file, state)
        if head == EMPTY or state.clean:
            bodies = narrator.started(unknown=unknown, broken=broken)
        else:
            bodies = narrator.recovered(checked=(base, head.seq), unknown=unknown, broken=broken)
        lines, after = extend(bodies, stream=claim.name, head=head)
        file.take_up(lines, head=head)
    except BaseException:
        file.close()
        raise
    return Opened(claim=claim, path=path, file=file, head=after, unknown=tuple(unknown), broken=tuple(broken))


def _check(file: StreamFile, stream: str, *, state: State, sealed: Head) -> tuple[int, Head]:
    """Follow the chain from the last known point; return where it began and where it ends."""
    base = _base(file, stream, checked=state.checked, sealed=sealed)
    head = base
    while True:
        rows = file.rows(after=head.seq, most=BATCH)
        if not rows:
            return base.seq, head
        head = follow(rows, stream=stream, head=head)


def _base(file: StreamFile, stream: str, *, checked: int, sealed: Head) -> Head:
    """Return the point to follow the chain from: what is sealed must be there."""
    if sealed.seq:
        line = file.line(sealed.seq)
        if line is None:
            ends = file.head().seq
            raise BrokenChain(
                ends + 1, f"entry {sealed.seq} of {stream} is sealed, but {stream} ends at {ends}"
            )
        if line_hash(line) != sealed.hash:
            raise BrokenChain(sealed.seq, f"entry {sealed.seq} of {stream} is not the one that was sealed")
    if checked > sealed.seq:
        line = file.line(checked)
        if line is None:
            ends = file.head().seq
            raise BrokenChain(
                ends + 1, f"{stream} had {checked} entries when it was last opened, and has {ends}"
            )
        return Head(checked, line_hash(line))
    return sealed


def _unknown(file: StreamFile, state: State) -> list[str]:
    """Return the ids of the granted entries whose answer may never have left."""
    aside = [line for seq in file.undelivered() if (line := file.line(seq)) is not None]
    past: list[bytes] = []
    after = state.delivered
    while rows := file.rows(after=after, most=BATCH):
        after = rows[-1][0]
        lines = [line for _, line in rows]
        past += [lines[at] for at in granted(0, lines)]
    return ids(aside + past)
