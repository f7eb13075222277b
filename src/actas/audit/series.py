"""A series of checkpoints: each follows the one before, and none seals less (SEC-88).

Read from any number of files, copies welcome: the same checkpoint twice is one checkpoint, two different
ones with one number are a finding. Only checkpoints whose signature verifies are looked at further.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from actas.audit.chain import GENESIS, Head
from actas.audit.checkpoint import BadCheckpoint, Checkpoint, SignedCheckpoint, jws_of, read
from actas.audit.findings import Fault, Finding
from actas.crypto.jose import PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Checkpoints that may be trusted, in order of their numbers, and what was wrong with the others."""

    checkpoints: tuple[SignedCheckpoint, ...]
    findings: tuple[Finding, ...]


def read_series(lines: Iterable[tuple[str, bytes]], keys: Mapping[str, PublicKey]) -> Series:
    """Read checkpoints from lines.

    Args:
        lines: where each line was met, and the line.
        keys: the audit keys by ``kid``.
    """
    found: dict[str, tuple[str, SignedCheckpoint]] = {}
    findings: list[Finding] = []
    for where, line in lines:
        try:
            signed = read(jws_of(line), keys)
        except BadCheckpoint as refused:
            sentence = f"the checkpoint in {where} is not one to trust: {refused}"
            findings.append(_finding("forged_checkpoint", 0, where, sentence))
        else:
            found.setdefault(signed.digest, (where, signed))
    placed = sorted(found.values(), key=lambda one: one[1].checkpoint.number)
    for (_, before), (where, after) in pairwise(placed):
        fault = succession(before, after.checkpoint, where=where)
        if fault is not None:
            findings.append(fault)
    return Series(checkpoints=tuple(signed for _, signed in placed), findings=tuple(findings))


def succession(before: SignedCheckpoint, after: Checkpoint, *, where: str) -> Finding | None:
    """Return what is wrong with ``after`` as the next checkpoint, or None."""
    number = after.number
    if number == before.checkpoint.number:
        sentence = f"there are two different checkpoints {number}, both signed: one of two histories is shown"
        return _finding("rival_checkpoint", number, where, sentence)
    if number != before.checkpoint.number + 1:
        first = before.checkpoint.number + 1
        which = (
            f"checkpoint {first} is" if first == number - 1 else f"checkpoints {first} to {number - 1} are"
        )
        return _finding("missing_checkpoint", first, where, f"{which} missing")
    if after.prev != before.digest:
        sentence = f"checkpoint {number} was not made after the checkpoint {number - 1} that is here"
        return _finding("missing_checkpoint", number, where, sentence)
    lost = regressions(before.checkpoint.heads, after.heads)
    if lost:
        return _finding("regressed_checkpoint", number, where, f"checkpoint {number}: {lost}")
    return None


def regressions(before: Mapping[str, Head], after: Mapping[str, Head]) -> str:
    """Return which streams end earlier than they did, as a sentence; empty when none does."""
    lost: list[str] = []
    for stream, head in sorted(before.items()):
        now = after.get(stream)
        if now is None:
            lost.append(f"stream {stream}, sealed up to entry {head.seq}, is not there any more")
        elif now.seq < head.seq:
            lost.append(f"stream {stream} was sealed up to entry {head.seq} and now ends at {now.seq}")
        elif now.seq == head.seq and now.hash != head.hash:
            lost.append(f"entry {head.seq} of stream {stream} is not the one that was sealed")
    return "; ".join(lost)


def following(before: SignedCheckpoint | None, *, heads: Mapping[str, Head], at: str) -> Checkpoint:
    """Return the checkpoint to be signed next.

    Args:
        before: the last one, or None for the first.
        at: when, as entries write instants.

    Raises:
        BadCheckpoint: it would seal less than the last one did; somebody must look before anything is signed.
    """
    if before is None:
        return Checkpoint(number=1, at=at, heads=heads, prev=GENESIS)
    lost = regressions(before.checkpoint.heads, heads)
    if lost:
        raise BadCheckpoint(lost)
    return Checkpoint(number=before.checkpoint.number + 1, at=at, heads=heads, prev=before.digest)


def _finding(fault: Fault, number: int, where: str, sentence: str) -> Finding:
    return Finding(fault=fault, stream=None, seq=number, where=where, sentence=sentence)
