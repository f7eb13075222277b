"""``actas db backup``: everything that a node needs, in one sealed file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from actas.cli.amounts import counted, entries, size
from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.database import logged
from actas.cli.exits import Exit, Failure, misused
from actas.cli.minutes import refusals
from actas.cli.output import Answer, Ink
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.cli.who import operator
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.store.backup import Contents


@make(
    examples=(
        ("everything that a node needs, but the envelope key", "actas db backup /backup/actas-2026-11-25"),
        ("every night", 'actas db backup --quiet "/backup/actas-$(date +%F)"'),
    ),
)
@configuration_flag
@dev_flag
@click.argument("file")
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, file: str) -> None:
    """Write everything that a node needs into one sealed file.

    The database is read as of one instant, beside running servers; an audit log in files is in it too. It is
    sealed under the envelope key, which is not in it: without that key nobody reads it, and you neither. What
    was changed or cut off is refused. Nothing is ever overwritten.

    Exits 0, 2 when FILE is there already, 3 when the configuration does not hold, 4 when something cannot be
    read or FILE cannot be written, 7 when it was written and a stream of the audit log is damaged.
    """
    path = Path(file)
    if not path.name or os.path.lexists(path):
        raise misused(f"{file} is there already", hint="name another file; a backup is never overwritten")

    async def job(base: Foundation) -> tuple[Contents, int]:
        from actas.app.backups import make_backup

        return await make_backup(base, path, operator=operator())

    try:
        with refusals():
            made, written = on_foundation(run, config, dev=dev, job=job)
    except FileExistsError as there:
        raise misused(f"{file} is there already", hint="name another file") from there
    except OSError as problem:
        raise Failure(
            f"{file} cannot be written: {problem.strerror or problem}", code="output", exit=Exit.UNFINISHED
        ) from problem
    _tell(run, path, made, written)


def _tell(run: Run, path: Path, made: Contents, written: int) -> None:
    tally = made.tally
    rows, lines = sum(tally.rows.values()), logged(made)
    body: dict[str, Json] = {
        "backup": made.name,
        "file": str(path.absolute()),
        "bytes": written,
        "schema": len(made.head.steps),
        "epoch": made.head.epoch,
        "rows": {**tally.rows},
        "entries": {**tally.entries},
        "checkpoints": tally.checkpoints,
        "damaged": {**tally.damaged},
    }
    log = f", {entries(lines)} of the audit log" if lines else ""
    shown = (Ink("wrote", "good"), f"  {path}, {size(written)}: {counted(rows, 'row')}{log}")
    run.out.answer(Answer(kind="actas/Backup", body=body, name=str(path), lines=[shown]))
    for stream, damage in tally.damaged.items():
        run.out.aside((Ink("✕ ", "bad"), f"{stream} is damaged, and in the backup only in part: {damage}"))
    if tally.damaged:
        raise Failure(
            "the backup was written; a stream of the audit log is damaged",
            code="integrity",
            exit=Exit.INTEGRITY,
            hint="actas audit verify says what is wrong with the log",
        )
