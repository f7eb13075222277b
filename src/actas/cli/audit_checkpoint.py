"""``actas audit checkpoint``: seal the log now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.exits import Exit, Failure
from actas.cli.minutes import refusals
from actas.cli.output import Answer, Ink
from actas.cli.recorded import moment
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.audit.chain import Head
    from actas.audit.lifecycle import BrokenStream
    from actas.store.audit_notary import Sealed


@make(
    examples=(
        ("seal the log and print where it ends", "actas audit checkpoint"),
        (
            "keep the signed statement where nobody here can edit it",
            "actas audit checkpoint --raw >> /mnt/witness/checkpoints.jsonl",
        ),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@click.option("--raw", is_flag=True, help="Print only the line that audit verify --checkpoint reads.")
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, raw: bool) -> None:
    """Sign the end of every stream now, and print it.

    The server does this by itself from time to time, and both may be at it. With --dry-run, what would be
    sealed is shown and nothing is signed.

    Exits 0, 4 when nothing was signed or a copy could not be written, 7 when a stream does not end in, or go
    on from, the entry that was sealed last. What was changed before that entry is for audit verify to find.
    """
    if run.options.dry_run:
        _rehearse(run, config, dev=dev)
        return
    sealed = on_foundation(run, config, dev=dev, job=_seal)
    if raw:
        from actas.audit.checkpoint import to_line

        run.out.line(to_line(sealed.signed).decode("ascii").rstrip("\n"))
    else:
        run.out.answer(_answer(sealed))
    _report(run, sealed.broken)
    if sealed.missed:
        message = "the checkpoint was made, but a copy was not written: " + "; ".join(sealed.missed)
        raise Failure(message, code="copy", exit=Exit.UNFINISHED, hint="the next checkpoint tries again")


async def _seal(base: Foundation) -> Sealed:
    from actas.store.audit_notary import NotSealed

    try:
        return await base.notary().seal_now()
    except NotSealed as problem:
        raise Failure(str(problem), code="not_sealed", exit=Exit.UNFINISHED) from problem


def _rehearse(run: Run, config: tuple[str, ...], *, dev: bool) -> None:
    async def job(base: Foundation) -> tuple[dict[str, Head], tuple[BrokenStream, ...], int]:
        notary = base.notary()
        last = notary.last()
        return *notary.look(), 1 if last is None else last.checkpoint.number + 1

    with refusals():
        heads, broken, number = on_foundation(run, config, dev=dev, job=job)
    run.out.answer(
        Answer(
            kind="actas/Checkpoint",
            body={"number": number, "heads": _heads(heads), "jws": None},
            name=str(number),
            lines=[f"would sign checkpoint {number}", *_head_lines(heads)],
        )
    )
    _report(run, broken)


def _report(run: Run, broken: Sequence[BrokenStream]) -> None:
    for one in broken:
        run.out.aside((Ink("✕ ", "bad"), one.sentence))
    if broken:
        raise Failure(
            broken[0].sentence,
            code="integrity",
            exit=Exit.INTEGRITY,
            hint="actas audit verify says what is wrong with the log",
        )


def _answer(sealed: Sealed) -> Answer:
    signed, point = sealed.signed, sealed.signed.checkpoint
    body: dict[str, Json] = {
        "number": point.number,
        "at": point.at,
        "key": signed.kid,
        "heads": _heads(point.heads),
        "prev": point.prev,
        "jws": signed.jws,
        "missed": [*sealed.missed],
    }
    return Answer(
        kind="actas/Checkpoint",
        body=body,
        name=str(point.number),
        lines=[
            (Ink("sealed", "good"), f"  checkpoint {point.number}, {moment(point.at)} UTC, key {signed.kid}"),
            *_head_lines(point.heads),
        ],
    )


def _heads(heads: Mapping[str, Head]) -> dict[str, Json]:
    return {stream: {"seq": head.seq, "hash": head.hash} for stream, head in sorted(heads.items())}


def _head_lines(heads: Mapping[str, Head]) -> list[str]:
    return [f"  {stream:<5} entry {head.seq:<8} {head.hash}" for stream, head in sorted(heads.items())]
