"""``actas audit export``: the log as lines that verify on their own."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.exits import Exit, Failure
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.cli.values import Span

if TYPE_CHECKING:
    from actas.app import Foundation


@make(
    examples=(
        ("everything", "actas audit export --out audit.jsonl"),
        ("the last day, into a pipe", "actas audit export --since 24h | gzip > day.jsonl.gz"),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.option("--out", metavar="FILE", help="Where to; stdout when left out. Never overwrites.")
@click.option("--since", type=Span(), metavar="SPAN", help="Only the last 24h, 7d…")
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, out: str | None, since: float | None) -> None:
    """Write the log as lines that verify on their own.

    Checkpoints come first, then every entry as it is kept, byte for byte.
    """

    async def job(base: Foundation) -> Path:
        return base.audit_folder

    folder = on_foundation(run, config, dev=dev, job=job)
    from actas.store.audit_reader import export

    begins = None if since is None else run.now - since
    if out is None:
        buffer = getattr(run.world.stdout, "buffer", None)
        sink = buffer if buffer is not None else io.BytesIO()
        export(folder, sink, since=begins)
        if buffer is None:
            run.world.stdout.write(sink.getvalue().decode("utf-8"))
        elif run.world.stdout is sys.stdout:
            buffer.flush()
        return
    try:
        with Path(out).open("xb") as file:
            count = export(folder, file, since=begins)
    except FileExistsError:
        raise Failure(
            f"{out} is there already", code="exists", exit=Exit.USAGE, hint="name another file"
        ) from None
    except OSError as problem:
        raise Failure(f"{out}: {problem.strerror}", code="io", exit=Exit.UNFINISHED) from problem
    run.out.talk(f"wrote {count:,} entries to {out}")
