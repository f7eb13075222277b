"""Walking along one stream and telling what happened to it: pure (SEC-88).

Every line is compared with the one before. When they do not fit, the lines around say more: a later entry
that names a hash attests the entry with that hash, a number that comes again was put in twice, a number
that comes late was moved, and a sealed hash is known from outside. What cannot be told is not guessed: then
the first entry that nothing attests is named.

Memory does not grow with the stream.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from actas.audit import sentences
from actas.audit.chain import GENESIS, Link, line_hash
from actas.audit.findings import Finding
from actas.audit.sentences import Seal, Seen

REMEMBERED: Final = 1024
"""How many entries back an insertion is traced to the entry that it was put behind."""

MOST_FINDINGS: Final = 100
"""Findings of one kind kept of one stream: the first is what matters, a rewritten file has one per line."""


@dataclass(slots=True)
class _Gap:
    first: int
    last: int
    where: str
    moved: bool = False


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Two neighbours that do not fit; later lines may tell which of them is wrong."""

    before: Seen
    after: Seen


@dataclass(frozen=True, slots=True)
class _Unlike:
    """An entry that is not the sealed one; the next line tells whether it alone was changed."""

    seen: Seen
    seal: Seal
    since: int


class Walk:
    """One stream, line by line.

    Args:
        start: number of the first entry expected; more than 1 when only a part is read.
        seals: what checkpoints say, by entry number.

    Attributes:
        first: number of the first entry met, 0 when there was none.
        entries: how many lines were met.
        last: the last entry in turn.
        sealed: number of the last entry that a checkpoint attests, 0 for none; ``sealed_by`` that checkpoint.
    """

    def __init__(self, stream: str, *, start: int, seals: Mapping[int, Seal]) -> None:
        self.stream = stream
        self.first = 0
        self.entries = 0
        self.sealed = 0
        self.sealed_by = 0
        self.findings: list[Finding] = []
        self._start = start
        self._seals = seals
        known = GENESIS if start == 1 else seals[start - 1].hash if start - 1 in seals else ""
        self.last = Seen(start - 1, known, f"the beginning of {stream}")
        self._rivals: set[str] = set()
        self._recent: deque[Seen] = deque(maxlen=REMEMBERED)
        self._gaps: list[_Gap] = []
        self._damaged = 0
        self._doubt: _Doubt | None = None
        self._unlike: _Unlike | None = None
        self._misplaced: Finding | None = None

    def step(self, link: Link, line: bytes, *, where: str, row: int | None = None) -> None:
        """Take the next line.

        Args:
            where: where the line was met, for people.
            row: the number that the file keeps it under, if it keeps one.
        """
        self.entries += 1
        self.first = self.first or link.seq
        here = Seen(link.seq, line_hash(line), where)
        if row is not None and row != link.seq and self._misplaced is None:
            self._misplaced = sentences.misplaced(self.stream, row, here)
        expected = self.last.seq + 1
        if link.seq < expected:
            self._out_of_turn(link, here)
            return
        if link.seq == expected:
            self._compare(link, here)
        else:
            self._jump(expected, here)
        self._check_seal(here)
        self._damaged = 0
        self._rivals.clear()
        self.last = here
        self._recent.append(here)

    def damaged(self, *, where: str, why: str) -> None:
        """Note a line of this stream that is no entry."""
        self._damaged += 1
        self._add(sentences.damaged(self.stream, self.last.seq + self._damaged, where=where, why=why))

    def unreadable(self, *, where: str, why: str) -> None:
        """Note that nothing more of this stream can be read."""
        seq = self.last.seq + self._damaged + 1
        self._add(sentences.unreadable(self.stream, seq, where=where, why=why))

    def end(self) -> None:
        """Take note that nothing follows."""
        self._give_up_doubt()
        self._resolve_unlike(None)
        for gap in self._gaps:
            tell = sentences.moved if gap.moved else sentences.missing
            self._add(tell(self.stream, gap.first, gap.last, where=gap.where))
        beyond = min((seq for seq in self._seals if seq > self.last.seq), default=None)
        if beyond is not None:
            self._add(sentences.cut_off(self.stream, self.last.seq, beyond, self._seals[beyond]))
        # Other rows than their numbers are the trace of something else, unless there is nothing else.
        if self._misplaced is not None and not self.findings:
            self._add(self._misplaced)

    def _out_of_turn(self, link: Link, here: Seen) -> None:
        """A number that was passed already: it comes late, or a second time."""
        if here.seq < self._start:
            return
        seal = self._seals.get(here.seq)
        for gap in self._gaps:
            if gap.first <= here.seq <= gap.last:
                gap.moved = True
                if seal is not None and seal.hash != here.hash:
                    self._add(sentences.unlike_seal(self.stream, here, seal))
                return
        self._add(sentences.second(self.stream, here))
        if here.seq != self.last.seq:
            return
        # The twin may be the genuine one: then it settles what the first of the two put in doubt.
        self._rivals.add(here.hash)
        if (
            self._doubt is not None
            and self._doubt.after.seq == here.seq
            and link.prev == self._doubt.before.hash
        ):
            self._doubt = None
        if seal is not None and seal.hash == here.hash:
            self._unlike = None
            self.sealed, self.sealed_by = here.seq, seal.checkpoint

    def _jump(self, expected: int, here: Seen) -> None:
        """Numbers were left out."""
        self._give_up_doubt()
        self._resolve_unlike(None)
        # A damaged line stands for the entry it was.
        if here.seq - expected > self._damaged and len(self._gaps) < MOST_FINDINGS:
            self._gaps.append(_Gap(expected + self._damaged, here.seq - 1, here.where))

    def _compare(self, link: Link, here: Seen) -> None:
        """Compare a line with the one before."""
        before = self.last
        self._resolve_doubt(link, here)
        self._resolve_unlike(link)
        if link.prev == before.hash or link.prev in self._rivals or not before.hash:
            return
        forked = next((one for one in reversed(self._recent) if one.hash == link.prev), None)
        if forked is not None:
            self._add(sentences.put_between(self.stream, here, genuine=forked.seq, where=here.where))
        elif before.seq == 0 or self._is_sealed(before):
            self._add(sentences.detached(self.stream, here, before.seq))
        elif self._is_sealed(here):
            self._add(sentences.changed(self.stream, before, here))
        elif self._doubt is None:
            self._doubt = _Doubt(before, here)
        else:
            self._add(sentences.unlinked(self.stream, here, before))

    def _resolve_doubt(self, link: Link, here: Seen) -> None:
        """Let a line that follows two misfits tell which is wrong, if it can."""
        doubt = self._doubt
        if doubt is None:
            return
        before, after = doubt.before, doubt.after
        if link.prev == after.hash:
            self._add(sentences.changed(self.stream, before, after))
        elif link.prev == before.hash:
            self._add(sentences.put_between(self.stream, here, genuine=before.seq, where=after.where))
        elif here.seq <= after.seq + REMEMBERED:
            return
        else:
            self._add(sentences.either_changed(self.stream, before, after))
        self._doubt = None

    def _give_up_doubt(self) -> None:
        doubt, self._doubt = self._doubt, None
        if doubt is not None:
            followed = self.last.hash != doubt.after.hash
            tell = sentences.either_changed if followed else sentences.changed
            self._add(tell(self.stream, doubt.before, doubt.after))

    def _check_seal(self, here: Seen) -> None:
        seal = self._seals.get(here.seq)
        if seal is None:
            return
        if seal.hash == here.hash:
            self.sealed, self.sealed_by = here.seq, seal.checkpoint
        else:
            self._unlike = _Unlike(here, seal, max(self.sealed + 1, self._start))

    def _resolve_unlike(self, link: Link | None) -> None:
        """Decide whether an entry that is not the sealed one was changed alone, or with those before it."""
        unlike, self._unlike = self._unlike, None
        if unlike is None:
            return
        if link is not None and link.prev == unlike.seal.hash:
            self._add(sentences.unlike_seal(self.stream, unlike.seen, unlike.seal))
        else:
            self._add(sentences.rewritten(self.stream, unlike.seen, unlike.seal, since=unlike.since))

    def _is_sealed(self, seen: Seen) -> bool:
        seal = self._seals.get(seen.seq)
        return seal is not None and seal.hash == seen.hash

    def _add(self, finding: Finding) -> None:
        alike = [one for one in self.findings if one.fault == finding.fault]
        if len(alike) < MOST_FINDINGS and all(one.seq != finding.seq for one in alike):
            self.findings.append(finding)
