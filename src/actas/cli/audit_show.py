"""``actas audit show``: one entry whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from actas.cli.amounts import entries
from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.entries import KIND, document, line, lines, titled
from actas.cli.exits import Exit, Failure
from actas.cli.minutes import event_of, log_alone, read_query, refusals
from actas.cli.output import Answer, Ink, Line, Output
from actas.cli.recorded import moment
from actas.cli.run import Run
from actas.cli.standing import Standing, standing
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.store.audit_search import Found, Kin, Lineage

MOST_KIN: Final = 20
"""Entries of a lineage shown to people, in each direction; programs get all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One entry with everything that is known about it."""

    found: Found
    kin: Lineage
    standing: Standing


@make(
    examples=(
        ("one entry, by the Actas-Entry of the answer", "actas audit show x_01M89SDKYYMASNK3JGXDBXQW4B"),
        ("the entry that gave a token", "actas audit show token:@alice-orders"),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.argument("entry")
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, entry: str) -> None:
    """Show one entry whole: its chain, its lineage, its proof.

    ENTRY is an id, or token: with a token argument for the entry that gave that token. The proof follows the
    chain from the entry to the first checkpoint that seals it. Exits 0, 1 when there is no such entry, 4 when
    the log cannot be read, 7 when the proof fails.
    """
    asked = read_query(run, entry)

    async def job(base: Foundation) -> Shown | None:
        return _shown(base, asked.text(base.ring.digest).removeprefix('digest:"').rstrip('"'))

    with refusals():
        try:
            shown = on_foundation(run, config, dev=dev, job=job, broken=log_alone)
        except OSError as problem:
            raise Failure(str(problem), code="unreadable", exit=Exit.UNFINISHED) from problem
    if shown is None:
        what = "no entry gave this token" if asked.tokens else f"there is no entry {entry}"
        raise Failure(what, code="not_found", exit=Exit.NO, hint="actas audit search finds entries")
    run.out.answer(
        Answer(kind=KIND, body=_body(shown), name=shown.found.id, lines=list(_lines(run.out, shown)))
    )
    if shown.standing.broken is not None:
        raise Failure(shown.standing.broken, code="integrity", exit=Exit.INTEGRITY, told=True)


def _shown(base: Foundation, name: str) -> Shown | None:
    from actas.audit.checkpoint import ring_keys
    from actas.store.audit_search import lineage

    log = base.audit_log
    kin = lineage(log, name)
    if kin is None:
        return None
    found = kin.origin
    place = standing(
        log,
        stream=found.stream,
        seq=found.seq,
        copies=base.checkpoint_copies,
        keys=ring_keys(base.ring),
    )
    return Shown(found=found, kin=kin, standing=place)


def _lines(out: Output, shown: Shown) -> Iterator[Line]:
    if shown.standing.broken is not None:
        yield from ((Ink("✕ what follows is not what was written, or cannot be proven to be", "bad"),), "")
    yield from lines(out, event_of(shown.found))
    yield from _kin(out, "came from", shown.kin.before, cut=shown.kin.cut)
    yield from _kin(out, "led to", shown.kin.after, cut=shown.kin.cut)
    yield ""
    yield from _proof(out, shown.standing)


def _kin(out: Output, title: str, kin: Sequence[Kin], *, cut: bool) -> Iterator[Line]:
    if not kin:
        return
    yield ""
    yield f"  {title}"
    for one in kin[:MOST_KIN]:
        yield (f"  {abs(one.steps):>3}  ", *line(event_of(one.found), ascii=out.ascii))
    if len(kin) > MOST_KIN:
        yield f"       and {len(kin) - MOST_KIN} more; --json has them"
    if cut:
        yield "       and more than can be followed"


def _proof(out: Output, place: Standing) -> Iterator[Line]:
    where = f"entry {place.seq} of {place.stream}"
    if place.broken is not None:
        yield (Ink("  ✕ ", "bad"), titled("proof", f"{where}: {place.broken}").lstrip())
        return
    before = "begins the stream" if place.seq == 1 else f"names the entry before it, {place.prev[:12]}…"
    after = "; the last one" if place.last else ""
    yield (Ink("  ✓ ", "good"), f"linked     {where} {before}; is {place.hash[:12]}…{after}")
    seal = place.seal
    if seal is None:
        yield (
            Ink("  · ", "warn"),
            out.runnable("unsealed   no checkpoint reaches it yet: actas audit checkpoint makes one"),
        )
        return
    further = seal.checkpoint.heads[place.stream].seq - place.seq
    behind = f"{entries(further)} further on" if further else "right there"
    at = moment(seal.checkpoint.at)
    yield (
        Ink("  ✓ ", "good"),
        f"sealed     by checkpoint {seal.checkpoint.number} of {at}, {behind}, key {seal.kid[:12]}…",
    )


def _body(shown: Shown) -> dict[str, Json]:
    place, kin = shown.standing, shown.kin
    seal = place.seal
    sealed_by: Json = None
    if seal is not None:
        sealed_by = {
            "checkpoint": seal.checkpoint.number,
            "at": seal.checkpoint.at,
            "key": seal.kid,
            "seq": seal.checkpoint.heads[place.stream].seq,
        }
    return {
        **document(event_of(shown.found)),
        "lineage": {
            "before": [_relative(one) for one in kin.before],
            "after": [_relative(one) for one in kin.after],
            "cut": kin.cut,
        },
        "proof": {
            "hash": place.hash,
            "last": place.last,
            "sealed_by": sealed_by,
            "proven": place.proven,
            "broken": place.broken,
        },
    }


def _relative(kin: Kin) -> dict[str, Json]:
    return {"id": kin.found.id, "at": kin.found.at, "steps": kin.steps}
