"""``actas audit checkpoint``: seal the log now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.exits import Exit, Failure
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app import Foundation
    from actas.store.audit_notary import Sealed


@make(
    examples=(
        ("seal the log and print where it ends", "actas audit checkpoint"),
        ("keep the signed statement elsewhere", "actas audit checkpoint -o name >> witness.jws"),
    ),
)
@configuration_flag
@dev_flag
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool) -> None:
    """Sign the end of every stream now, and print it."""

    async def job(base: Foundation) -> Sealed:
        from actas.store.audit_notary import NotSealed

        try:
            return await base.notary().seal_now()
        except NotSealed as problem:
            raise Failure(str(problem), code="not_sealed", exit=Exit.UNFINISHED) from problem

    sealed = on_foundation(run, config, dev=dev, job=job)
    point = sealed.signed.checkpoint
    heads: dict[str, Json] = {
        stream: {"seq": head.seq, "hash": head.hash} for stream, head in sorted(point.heads.items())
    }
    for missed in sealed.missed:
        run.out.warn(missed)
    run.out.answer(
        Answer(
            kind="actas/Checkpoint",
            body={
                "number": point.number,
                "at": point.at,
                "key": sealed.signed.kid,
                "heads": heads,
                "jws": sealed.signed.jws,
            },
            name=sealed.signed.jws,
            lines=[
                f"checkpoint {point.number}, {point.at}, signed by {sealed.signed.kid}",
                *(
                    f"  {stream}: entry {head.seq}  {head.hash}"
                    for stream, head in sorted(point.heads.items())
                ),
            ],
        )
    )
    if sealed.broken:
        first = sealed.broken[0]
        raise Failure(first.sentence, code="integrity", exit=Exit.INTEGRITY)
