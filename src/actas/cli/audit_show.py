"""``actas audit show``: one entry whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.entries import document, lines
from actas.cli.exits import Exit, Failure
from actas.cli.output import Answer, Line
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app import Foundation
    from actas.store.audit_search import Found, Lineage


@make(
    examples=(
        ("one entry", "actas audit show x_01M89SDKYYMASNK3JGXDBXQW4B"),
        ("the same for a program", "actas audit show x_01M89SDKYYMASNK3JGXDBXQW4B --json"),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.argument("entry")
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, entry: str) -> None:
    """Show one entry whole: its chain, its lineage, its proof."""

    async def job(base: Foundation) -> tuple[Found | None, Lineage | None, int]:
        from actas.store.audit_search import lineage, show

        found = show(base.audit_folder, entry)
        last = base.notary().last()
        head = None if found is None or last is None else last.checkpoint.heads.get(found.stream)
        return found, lineage(base.audit_folder, entry), 0 if head is None else head.seq

    found, kin, sealed = on_foundation(run, config, dev=dev, job=job)
    if found is None:
        raise Failure(f"there is no entry {entry}", code="not_found", exit=Exit.NO, hint="actas audit search")
    shown: list[Line] = list(lines(run.out, found.event))
    proof = f"linked to {str(found.event.get('prev', ''))[:16]}…; " + (
        f"sealed, the last checkpoint reaches entry {sealed}" if sealed >= found.seq else "not yet sealed"
    )
    shown.append(f"  {'proof':<12} {proof}")
    before = [one.found.id for one in kin.before] if kin is not None else []
    after = [one.found.id for one in kin.after] if kin is not None else []
    if before:
        shown.append(f"  {'came from':<12} {', '.join(before)}")
    if after:
        shown.append(f"  {'led to':<12} {', '.join(after)}")
    body: dict[str, Json] = {
        **document(found.event),
        "sealed": sealed >= found.seq,
        "before": [*before],
        "after": [*after],
    }
    run.out.answer(Answer(kind="actas/Entry", body=body, name=found.id, lines=shown))
