"""What is printed about a verified log: what was proven, what was not, and the first bad entry. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal

from actas.cli.amounts import counted, entries
from actas.cli.output import Ink, Line
from actas.cli.recorded import moment
from actas.cli.wording import listed, padded
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.audit.findings import Finding
    from actas.audit.verify import StreamVerdict, Verdict

Outcome = Literal["whole", "broken", "unproven"]
"""``unproven``: nothing is wrong that could be seen, and nobody who can be trusted says so."""

MOST_FINDINGS: Final = 10
"""Findings shown to people; programs get all."""

_LABEL_COLUMNS: Final = 38


def outcome(verdict: Verdict, *, keyed: bool) -> Outcome:
    """Return what a verdict comes to.

    A chain alone can be written anew from any entry on, and does not miss its own end (SEC-88): without a
    signature that verifies, a log that looks whole is not proven to be.

    Args:
        keyed: whether there were keys to verify checkpoints with.
    """
    if not verdict.whole:
        return "broken"
    return "whole" if keyed and verdict.checkpoints else "unproven"


def lines(verdict: Verdict, *, keyed: bool) -> Iterator[Line]:
    """Return a verdict for people.

    Args:
        keyed: whether there were keys to verify checkpoints with.
    """
    if not verdict.whole:
        yield from _broken(verdict)
        return
    span = f"{moment(verdict.first_at)} → {moment(verdict.last_at)}" if verdict.first_at else ""
    yield _line(Ink("✓ ", "good"), f"{entries(verdict.entries)}, no gap, no edit", span)
    if not keyed:
        yield _line(
            Ink("? ", "warn"),
            "checkpoints not checked",
            "no key: add --key FILE, from actas keys list --audit-jwks",
        )
        yield "  Nothing is proven: whoever can write the files could have written all of this anew."
        return
    if not verdict.checkpoints:
        yield _line(
            Ink("? ", "warn"), "nothing is sealed", "no checkpoint was found or given: add --checkpoint FILE"
        )
        yield "  Nothing is proven: whoever can write the files could have written all of this anew."
        return
    points = counted(verdict.checkpoints, "checkpoint")
    yield _line(Ink("✓ ", "good"), f"{points} signed by {listed(verdict.kids)}, all match", "")
    yield from _ends(verdict)


def _ends(verdict: Verdict) -> Iterator[Line]:
    sealed = [one for one in verdict.streams if one.sealed]
    where = _end(sealed[0]) if len(sealed) == 1 else ""
    yield _line(Ink("✓ ", "good"), "nothing cut from the end", where)
    for one in sealed if len(sealed) > 1 else ():
        yield f"  {padded(one.stream, 6)}{_end(one)}"
    if verdict.unsealed:
        verb = "is" if verdict.unsealed == 1 else "are"
        yield _line(
            Ink("· ", "warn"),
            f"{entries(verdict.unsealed)} {verb} not sealed yet",
            listed(
                [f"{one.stream} from entry {_first_unsealed(one)}" for one in verdict.streams if one.unsealed]
            ),
        )


def _end(one: StreamVerdict) -> str:
    if one.unsealed:
        return f"entry {one.sealed} of {one.head.seq} is inside checkpoint {one.sealed_by}"
    return f"head {one.head.seq} is inside checkpoint {one.sealed_by}"


def _first_unsealed(one: StreamVerdict) -> int:
    return max(one.sealed + 1, one.first)


def _broken(verdict: Verdict) -> Iterator[Line]:
    first = verdict.first
    found = sorted(verdict.findings, key=lambda one: one is not first)
    for one in found[:MOST_FINDINGS]:
        yield (Ink("✕ ", "bad"), one.sentence)
    if len(found) > MOST_FINDINGS:
        yield f"  and {len(found) - MOST_FINDINGS} more; --json has all"
    if first is not None:
        if first.stream is not None:
            what = f"entry {first.seq} of {first.stream}"
            yield ("  ", padded("first bad entry", 17), Ink(what, "strong"), f", found in {first.where}")
        else:
            yield f"  {padded('first found in', 17)}{first.where}"
    points = counted(verdict.checkpoints, "checkpoint that verifies", "checkpoints that verify")
    yield f"  {padded('read', 17)}{entries(verdict.entries)}, {points}"
    faults = {one.fault for one in verdict.findings}
    if not verdict.streams and faults == {"damaged"}:
        yield "  Nothing in it is an entry of an audit log. Is it the right file?"
    elif not verdict.checkpoints and faults == {"forged_checkpoint"}:
        yield "  No checkpoint is signed by a key that was given. Is it the right key file?"


def _line(mark: Ink, label: str, detail: str) -> Line:
    return (mark, f"{padded(label, _LABEL_COLUMNS)} {detail}" if detail else label)


def document(verdict: Verdict, *, keyed: bool) -> dict[str, Json]:
    """Return a verdict for programs.

    Args:
        keyed: whether there were keys to verify checkpoints with.
    """
    first = verdict.first
    return {
        "whole": verdict.whole,
        "proven": outcome(verdict, keyed=keyed) == "whole",
        "entries": verdict.entries,
        "unsealed": verdict.unsealed,
        "first_at": verdict.first_at or None,
        "last_at": verdict.last_at or None,
        "checkpoints": verdict.checkpoints,
        "keys": [*verdict.kids],
        "streams": [_stream(one) for one in verdict.streams],
        "findings": [_finding(one) for one in verdict.findings],
        "first": None if first is None else _finding(first),
    }


def _stream(one: StreamVerdict) -> dict[str, Json]:
    return {
        "stream": one.stream,
        "first": one.first,
        "entries": one.entries,
        "head": {"seq": one.head.seq, "hash": one.head.hash},
        "sealed": one.sealed,
        "sealed_by": one.sealed_by or None,
        "unsealed": one.unsealed,
    }


def _finding(one: Finding) -> dict[str, Json]:
    return {
        "fault": one.fault,
        "stream": one.stream,
        "seq": one.seq,
        "where": one.where,
        "message": one.sentence,
    }
