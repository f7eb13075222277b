"""``actas audit export``: the log as lines that verify on their own."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from actas.cli.amounts import entries
from actas.cli.busy import busy
from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.exits import Exit, Failure, misused
from actas.cli.minutes import Moment, When, refusals
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.audit.kept import KeptLog
    from actas.store.audit_reader import Sink


@make(
    examples=(
        ("everything, for somebody who verifies it elsewhere", "actas audit export --out audit.jsonl"),
        ("the last day, into a pipe", "actas audit export --since 24h | gzip > day.jsonl.gz"),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@click.option("--out", metavar="FILE", help="Where to, instead of stdout. Never overwrites.")
@click.option("--since", type=When(), metavar="WHEN", help="Only from then on: 24h, 7d, or a time.")
@click.pass_obj
def command(
    run: Run, /, config: tuple[str, ...], *, dev: bool, out: str | None, since: Moment | None
) -> None:
    """Write the log as lines that verify on their own.

    Checkpoints come first, then every entry by time, byte for byte as it is kept: audit verify FILE --key
    KEYS needs nothing else. With --since the file is a part, which audit verify takes with --from any. The
    file is its owner's alone. With --dry-run, entries are counted and nothing is written.

    Exits 0, 2 when FILE is there already, 4 when the log cannot be read or FILE cannot be written.
    """
    if out is None and run.out.structured:
        raise misused(
            f"-o {run.options.format} goes with --out; without it, the lines of the log are the answer"
        )
    if out is None and run.out.terminal and not run.options.dry_run:
        raise misused(
            "an export is not for a terminal", hint="--out FILE, or a pipe; audit tail is for people"
        )
    if out is not None and Path(out).exists():
        raise misused(f"{out} is there already", hint="name another file; an export is never overwritten")

    log = on_foundation(run, config, dev=dev, job=_log)
    begins = None if since is None else since.seen_from(run.now)
    with refusals():
        if run.options.dry_run:
            count = _exported(run, log, _Nowhere(), begins)
            run.out.line(f"would write {entries(count)}{'' if out is None else f' to {out}'}")
        elif out is None:
            count = _exported(run, log, _Stdout(run), begins)
            _tell_part(run, begins)
        else:
            count = _to_file(run, log, Path(out), begins)
            body: dict[str, Json] = {"file": out, "entries": count, "whole": since is None}
            # For people the file is the answer, so this is talk.
            run.out.answer(Answer(kind="actas/AuditExport", body=body, name=out, lines=[]))
            if run.options.format == "table":
                run.out.talk(f"wrote {entries(count)} to {out}")
            _tell_part(run, begins)


async def _log(base: Foundation) -> KeptLog:
    return base.audit_log


def _tell_part(run: Run, begins: float | None) -> None:
    if begins is not None:
        run.out.talk("this is a part of the log: actas audit verify takes it with --from any")


class _Nowhere:
    """Takes an export and keeps nothing."""

    def write(self, data: bytes, /) -> object:
        return len(data)


class _Stdout:
    """Takes an export to stdout byte for byte, whatever its encoding."""

    def __init__(self, run: Run) -> None:
        self._text = run.world.stdout
        self._bytes: BinaryIO | None = getattr(run.world.stdout, "buffer", None)

    def write(self, data: bytes, /) -> object:
        if self._bytes is not None:
            return self._bytes.write(data)
        return self._text.write(data.decode("utf-8", "surrogateescape"))


class _Counted:
    """Counts the lines on their way.

    Attributes:
        lines: how many have passed.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.lines = 0

    def write(self, data: bytes, /) -> object:
        self.lines += 1
        return self._sink.write(data)


def _exported(run: Run, log: KeptLog, sink: Sink, begins: float | None) -> int:
    from actas.store.audit_reader import export

    counted = _Counted(sink)
    try:
        return busy(
            run,
            lambda: f"exported {counted.lines:,} lines",
            lambda: export(log, counted, since=begins),
        )
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise Failure(str(problem), code="io", exit=Exit.UNFINISHED) from problem


def _to_file(run: Run, log: KeptLog, path: Path, begins: float | None) -> int:
    """Write a file that is whole or not there, its owner's alone: the log says who did what for whom."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            count = _exported(run, log, file, begins)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # unlike a rename, never in place of another file
    except FileExistsError:
        raise misused(f"{path} is there already", hint="name another file") from None
    except OSError as problem:
        raise Failure(f"{path}: {problem.strerror or problem}", code="io", exit=Exit.UNFINISHED) from problem
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    return count
