"""The verifier: is this log whole, and up to where can that be proven? Pure (SEC-88).

It needs lines and a public key, nothing of the server that wrote them, and trusts nothing but checkpoints
whose signature verifies under the key it was given; old ones from a copy kept elsewhere are enough. It
finds what was edited, deleted, inserted, reordered, or cut from the end, and names the first bad entry.
It also says plainly what it cannot know: entries after the last checkpoint could be changed by whoever
can write the files, as long as nobody seals them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from actas.audit.chain import Head, NotAnEntry, read_link
from actas.audit.checkpoint import SignedCheckpoint
from actas.audit.findings import Finding
from actas.audit.sentences import Seal
from actas.audit.series import read_series
from actas.audit.walk import Walk
from actas.crypto.jose import PublicKey

_STREAM: Final = re.compile(rb'\{"v":1,"stream":"([a-z][a-z0-9_-]{0,31})"')


@dataclass(frozen=True, slots=True)
class Line:
    """One line that claims to be an entry.

    Attributes:
        data: its bytes, without the line's end.
        where: where it was met, for people.
        stream: the stream whose file it was met in, or None when the line itself must say.
        row: the number that the file keeps it under, if it keeps one.
        trouble: why nothing can be read from here on; ``data`` is then empty.
    """

    data: bytes
    where: str
    stream: str | None = None
    row: int | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamVerdict:
    """What is known about one stream.

    Attributes:
        first: number of the first entry met, 0 when there was none.
        entries: how many lines were met.
        head: the last entry.
        sealed: number of the last entry that a checkpoint attests; 0 when none does.
        sealed_by: number of that checkpoint.
        unsealed: entries after it, which nothing attests yet.
    """

    stream: str
    first: int
    entries: int
    head: Head
    sealed: int
    sealed_by: int
    unsealed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verifier's answer.

    Attributes:
        findings: all that is wrong, the first bad entry of each stream first; empty when nothing is.
        checkpoints: how many verified; ``kids`` by which keys.
        first_at: the earliest instant met, and ``last_at`` the latest, as entries write them; may be empty.
    """

    findings: tuple[Finding, ...]
    streams: tuple[StreamVerdict, ...]
    entries: int
    checkpoints: int
    kids: tuple[str, ...]
    first_at: str
    last_at: str

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def first(self) -> Finding | None:
        """The finding to name first: the first bad entry, and only then faults of checkpoints."""
        return min(self.findings, key=lambda one: (one.stream is None, one.seq), default=None)

    @property
    def unsealed(self) -> int:
        """How many entries no checkpoint attests yet."""
        return sum(one.unsealed for one in self.streams)

    def sentences(self) -> tuple[str, ...]:
        """Return what was found, for people: first what is wrong, then what is proven and what is not."""
        told = [finding.sentence for finding in self.findings]
        for one in self.streams:
            sealed = (
                f"sealed up to entry {one.sealed} by checkpoint {one.sealed_by}"
                if one.sealed
                else "not sealed"
            )
            after = (
                f", {_count(one.unsealed, 'entry', 'entries')} after that not yet sealed"
                if one.unsealed
                else ""
            )
            told.append(f"{one.stream}: {_count(one.entries, 'entry', 'entries')}, {sealed}{after}")
        return tuple(told)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def verify_lines(
    lines: Iterable[Line],
    *,
    checkpoints: Iterable[tuple[str, bytes]] = (),
    keys: Mapping[str, PublicKey] | None = None,
    start: int | None = 1,
) -> Verdict:
    """Verify the entries of any number of streams.

    Args:
        lines: in the order in which they are kept; streams may alternate.
        checkpoints: where each was met, and its line, from all files there are.
        keys: the audit keys by ``kid``; with None no checkpoint can be trusted, and the chain alone is
            checked.
        start: number of the first entry expected of each stream; None for a part, which begins where it
            begins. What a part does not contain, whole streams included, cannot be verified from it.
    """
    series = read_series(checkpoints, keys) if keys is not None else None
    trusted = series.checkpoints if series is not None else ()
    walks = _Walks(_seals(trusted), start)
    for line in lines:
        walks.take(line)
    findings = [*(series.findings if series is not None else ()), *walks.end()]
    return Verdict(
        findings=tuple(sorted(findings, key=lambda one: (one.stream or "", one.seq))),
        streams=tuple(_verdict(walk) for walk in walks.all()),
        entries=walks.entries,
        checkpoints=len(trusted),
        kids=tuple(sorted({one.kid for one in trusted})),
        first_at=walks.first_at,
        last_at=walks.last_at,
    )


class _Walks:
    """The walks along all streams met."""

    def __init__(self, seals: Mapping[str, Mapping[int, Seal]], start: int | None) -> None:
        self.entries = 0
        self.first_at = ""
        self.last_at = ""
        self._seals = seals
        self._start = start
        self._walks: dict[str, Walk] = {}
        self._findings: list[Finding] = []
        if start is not None:
            for stream in sorted(seals):
                self._walk(stream, start)

    def all(self) -> list[Walk]:
        return [self._walks[stream] for stream in sorted(self._walks, key=_by_number)]

    def take(self, line: Line) -> None:
        if line.trouble is not None:
            self._unreadable(line, line.trouble)
            return
        self.entries += 1
        try:
            link = read_link(line.data)
        except NotAnEntry as refused:
            self._damaged(line, str(refused))
            return
        if line.stream is not None and link.stream != line.stream:
            self._damaged(line, f"it belongs to stream {link.stream}")
            return
        self._walk(link.stream, link.seq).step(link, line.data, where=line.where, row=line.row)
        if link.at:
            self.first_at = min(self.first_at or link.at, link.at)
            self.last_at = max(self.last_at, link.at)

    def end(self) -> list[Finding]:
        """End all walks and return what is wrong."""
        findings = self._findings
        for walk in self.all():
            walk.end()
            findings += walk.findings
        return findings

    def _walk(self, stream: str, seq: int) -> Walk:
        """Return the walk along a stream; in a part it starts with the entry ``seq`` that is met first."""
        walk = self._walks.get(stream)
        if walk is None:
            start = seq if self._start is None else self._start
            walk = self._walks[stream] = Walk(stream, start=start, seals=self._seals.get(stream, {}))
        return walk

    def _damaged(self, line: Line, why: str) -> None:
        said = _STREAM.match(line.data)
        stream = line.stream or (said[1].decode("ascii") if said else None)
        if stream is not None:
            self._walk(stream, 1).damaged(where=line.where, why=why)
            return
        self._nowhere(line, f"{line.where} is not an entry of the log: {why}")

    def _unreadable(self, line: Line, why: str) -> None:
        if line.stream is not None:
            self._walk(line.stream, 1).unreadable(where=line.where, why=why)
            return
        self._nowhere(line, f"{line.where} cannot be read: {why}")

    def _nowhere(self, line: Line, sentence: str) -> None:
        """Note what is of no stream."""
        self._findings.append(
            Finding(fault="damaged", stream=None, seq=0, where=line.where, sentence=sentence)
        )


def _seals(checkpoints: Iterable[SignedCheckpoint]) -> dict[str, dict[int, Seal]]:
    """Return what checkpoints say by stream and entry; the first to speak of an entry counts."""
    seals: dict[str, dict[int, Seal]] = {}
    for signed in checkpoints:
        for stream, head in signed.checkpoint.heads.items():
            said = seals.setdefault(stream, {})
            said.setdefault(head.seq, Seal(signed.checkpoint.number, head.hash))
    return seals


def _verdict(walk: Walk) -> StreamVerdict:
    return StreamVerdict(
        stream=walk.stream,
        first=walk.first,
        entries=walk.entries,
        head=Head(walk.last.seq, walk.last.hash),
        sealed=walk.sealed,
        sealed_by=walk.sealed_by,
        unsealed=max(0, walk.last.seq - max(walk.sealed, walk.first - 1)),
    )


def _by_number(stream: str) -> tuple[str, int, str]:
    """Order ``s2`` before ``s10``."""
    letters = stream.rstrip("0123456789")
    digits = stream[len(letters) :]
    return letters, int(digits or 0), stream
