"""The sentences of ``audit.walk``'s findings, apart from the walking so that both stay readable."""

from __future__ import annotations

from dataclasses import dataclass

from actas.audit.findings import Finding


@dataclass(frozen=True, slots=True)
class Seal:
    """What a checkpoint says about one entry."""

    checkpoint: int
    hash: str


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry that was met: its number, its hash, and where."""

    seq: int
    hash: str
    where: str


def changed(stream: str, before: Seen, after: Seen) -> Finding:
    """The entry before is not the one that the entry after names, and the latter is attested."""
    return Finding(
        fault="edited",
        stream=stream,
        seq=before.seq,
        where=before.where,
        sentence=f"entry {before.seq} of {stream} was changed: it is not the entry that entry "
        f"{after.seq} was written after",
    )


def either_changed(stream: str, before: Seen, after: Seen) -> Finding:
    """Two neighbours do not fit, and nothing attests either."""
    return Finding(
        fault="edited",
        stream=stream,
        seq=before.seq,
        where=before.where,
        sentence=f"entry {before.seq} or entry {after.seq} of {stream} was changed, removed or put in, "
        "and what stands after them was changed too",
    )


def detached(stream: str, here: Seen, before: int) -> Finding:
    """An entry does not follow a genuine one."""
    return Finding(
        fault="edited",
        stream=stream,
        seq=here.seq,
        where=here.where,
        sentence=f"entry {here.seq} of {stream} was changed: it was not written after entry "
        f"{before}, which is genuine",
    )


def unlinked(stream: str, here: Seen, before: Seen) -> Finding:
    """One more pair that does not fit, after the first."""
    return Finding(
        fault="edited",
        stream=stream,
        seq=before.seq,
        where=here.where,
        sentence=f"entry {here.seq} of {stream} does not follow entry {before.seq}",
    )


def put_between(stream: str, here: Seen, *, genuine: int, where: str) -> Finding:
    """An entry names one further back: what stands between was put in."""
    return Finding(
        fault="inserted",
        stream=stream,
        seq=genuine + 1,
        where=where,
        sentence=f"entry {here.seq} of {stream} was written right after entry {genuine}: "
        f"what stands between was put in, from entry {genuine + 1} on",
    )


def second(stream: str, here: Seen) -> Finding:
    """A number that was there already."""
    return Finding(
        fault="inserted",
        stream=stream,
        seq=here.seq,
        where=here.where,
        sentence=f"{here.where} is a second entry {here.seq} of {stream}: one of them was put in",
    )


def unlike_seal(stream: str, seen: Seen, seal: Seal) -> Finding:
    """An entry is not the sealed one; it alone was changed."""
    return Finding(
        fault="edited",
        stream=stream,
        seq=seen.seq,
        where=seen.where,
        sentence=f"entry {seen.seq} of {stream} was changed: it is not the one that checkpoint "
        f"{seal.checkpoint} sealed",
    )


def rewritten(stream: str, seen: Seen, seal: Seal, *, since: int) -> Finding:
    """An entry is not the sealed one, and those before it follow each other all the same."""
    return Finding(
        fault="edited",
        stream=stream,
        seq=since,
        where=seen.where,
        sentence=f"entry {seen.seq} of {stream} is not the one that checkpoint {seal.checkpoint} sealed: "
        f"the stream was written anew somewhere from entry {since} on",
    )


def missing(stream: str, first: int, last: int, *, where: str) -> Finding:
    """Numbers that never came."""
    which = f"entry {first} of {stream} is" if first == last else f"entries {first} to {last} of {stream} are"
    return Finding(fault="deleted", stream=stream, seq=first, where=where, sentence=f"{which} missing")


def moved(stream: str, first: int, last: int, *, where: str) -> Finding:
    """Numbers that came late."""
    if first == last:
        sentence = f"entry {first} of {stream} stands later than where it was written"
    else:
        sentence = f"some of entries {first} to {last} of {stream} stand later than where they were written"
    return Finding(fault="reordered", stream=stream, seq=first, where=where, sentence=sentence)


def misplaced(stream: str, row: int, here: Seen) -> Finding:
    """A row of a file that holds another number than its own."""
    return Finding(
        fault="reordered",
        stream=stream,
        seq=min(row, here.seq),
        where=here.where,
        sentence=f"row {row} of {stream} holds entry {here.seq}",
    )


def damaged(stream: str, seq: int, *, where: str, why: str) -> Finding:
    """Something that is no entry, where an entry belongs."""
    return Finding(
        fault="damaged",
        stream=stream,
        seq=seq,
        where=where,
        sentence=f"{where}, where entry {seq} of {stream} belongs, is damaged: {why}",
    )


def unreadable(stream: str, seq: int, *, where: str, why: str) -> Finding:
    """A file that gives no more entries."""
    return Finding(
        fault="damaged",
        stream=stream,
        seq=seq,
        where=where,
        sentence=f"{stream} cannot be read from entry {seq} on: {why}",
    )


def cut_off(stream: str, last: int, sealed: int, seal: Seal) -> Finding:
    """A checkpoint sealed an entry beyond the end."""
    ends = f"{stream} ends at entry {last}" if last else f"{stream} has no entry"
    return Finding(
        fault="cut",
        stream=stream,
        seq=last + 1,
        where=f"the end of {stream}",
        sentence=f"{ends}, but checkpoint {seal.checkpoint} sealed entry {sealed}: the end was cut off",
    )
