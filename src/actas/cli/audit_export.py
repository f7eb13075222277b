"""``actas audit export``: the log, or a part of it, as lines."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast, get_args

import click

from actas.audit.formats.catalog import FormatName
from actas.cli.amounts import entries
from actas.cli.audit_cursor import Cursor, cursor_text
from actas.cli.busy import busy
from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.exits import Exit, Failure, misused
from actas.cli.minutes import Moment, When, log_alone, read_query, read_terms, refusals
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.audit.kept import KeptLog
    from actas.store.audit_export import Exported, Part, Target

FORMATS: Final[tuple[FormatName, ...]] = get_args(FormatName)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is exported, and how.

    Attributes:
        head: the lines above the entries; None for the checkpoints.
    """

    log: KeptLog
    part: Part
    document: Callable[[bytes, str, int], bytes]
    head: tuple[bytes, ...] | None


@make(
    examples=(
        ("everything, for somebody who verifies it elsewhere", "actas audit export --out audit.jsonl"),
        ("the last day, into a pipe", "actas audit export --since 24h | gzip > day.jsonl.gz"),
        (
            "for an auditor: what one client was refused",
            "actas audit export --format csv --where 'client:orders outcome:refused' --out it.csv",
        ),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@click.option("--out", metavar="FILE", help="Where to, instead of stdout. Never overwrites.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="json", help="Form of an entry; json.")
@click.option("--since", type=When(), metavar="WHEN", help="Only from then on: 24h, 7d, or a time.")
@click.option("--until", type=When(), metavar="WHEN", help="Only before then.")
@click.option("--where", metavar="QUERY", help="Only entries that audit search would find by QUERY.")
@click.option("--from", "after", type=Cursor(), metavar="PLACE", help="Go on where another export ended.")
@click.pass_obj
def command(
    run: Run,
    /,
    config: tuple[str, ...],
    *,
    dev: bool,
    out: str | None,
    form: str,
    since: Moment | None,
    until: Moment | None,
    where: str | None,
    after: dict[str, int] | None,
) -> None:
    """Write the log, or a part of it, as lines.

    In the format json, checkpoints come first, then every entry by time, byte for byte as it is kept: audit
    verify FILE --key KEYS needs nothing else. With --since, --until or --from the file is a part, which audit
    verify takes with --from any. With --where it has gaps, and proves nothing by itself. The other formats
    have a line for each entry, csv with a header that says what was asked.

    Every export says where it ended; --from goes on there, in every stream. The file is its owner's alone.
    With --dry-run, entries are counted and nothing is written.

    Exits 0, 2 when FILE is there already or QUERY cannot be read, 4 when the log cannot be read or FILE
    cannot be written.
    """
    _require_place(run, out)
    typed = None if where is None else read_query(run, where)

    async def job(base: Foundation) -> _Asked:
        from actas.store.audit_export import Part

        query = "" if typed is None else typed.text(base.ring.digest)
        part = Part(
            since=None if since is None else since.seen_from(run.now),
            until=None if until is None else until.seen_from(run.now),
            after=after or {},
            query=read_terms(query),
        )
        return _asked(base, part, cast("FormatName", form), query)

    with refusals():
        _write(run, on_foundation(run, config, dev=dev, job=job, broken=log_alone), out, form)


def _write(run: Run, asked: _Asked, out: str | None, form: str) -> None:
    """Write an export where it goes, and say what was written."""
    if run.options.dry_run:
        done = _exported(run, asked, _Nowhere())
        run.out.line(f"would write {entries(done.entries)}{'' if out is None else f' to {out}'}")
        return
    if out is None:
        _tell(run, asked.part, _exported(run, asked, _Stdout(run)), form=form)
        return
    done = _to_file(run, asked, Path(out))
    body: dict[str, Json] = {
        "file": out,
        "format": form,
        "entries": done.entries,
        "whole": asked.part.whole,
        "next": cursor_text(done.after),
    }
    # For people the file is the answer, so this is talk.
    run.out.answer(Answer(kind="actas/AuditExport", body=body, name=out, lines=[]))
    if run.options.format == "table":
        run.out.talk(f"wrote {entries(done.entries)} to {out}")
    _tell(run, asked.part, done, form=form)


def _require_place(run: Run, out: str | None) -> None:
    """Return when there is somewhere for an export to go."""
    if out is None and run.out.structured:
        raise misused(
            f"-o {run.options.format} goes with --out; without it, the lines of the log are the answer"
        )
    if out is None and run.out.terminal and not run.options.dry_run:
        raise misused(
            "an export is not for a terminal", hint="--out FILE, or a pipe; audit tail is for people"
        )
    if out is not None and os.path.lexists(out):
        raise misused(f"{out} is there already", hint="name another file; an export is never overwritten")


def _asked(base: Foundation, part: Part, form: FormatName, query: str) -> _Asked:
    from actas import __version__
    from actas.audit.formats import csv_rows
    from actas.audit.formats.catalog import FORMATS as KNOWN
    from actas.audit.formats.entry import Origin, read_entry
    from actas.audit.stream import instant
    from actas.store.audit_export import as_kept

    log = base.audit_log
    if form == "json":
        return _Asked(log=log, part=part, document=as_kept, head=() if part.query else None)
    head: tuple[bytes, ...] = ()
    if form == "csv":
        last = base.notary().last()
        sealed = (
            "none" if last is None else f"{last.checkpoint.number} of {last.checkpoint.at}, {last.digest}"
        )
        head = csv_rows.header(
            (
                ("server", base.issuer),
                ("query", query or "all entries"),
                ("from", "the beginning" if part.since is None else instant(part.since)),
                ("until", "the end" if part.until is None else instant(part.until)),
                ("after", cursor_text(part.after) or "nothing"),
                ("last checkpoint", sealed),
            )
        )
    made, origin = KNOWN[form].document, Origin(issuer=base.issuer, version=__version__)
    return _Asked(
        log=log,
        part=part,
        document=lambda line, stream, seq: made(read_entry(line, stream=stream, seq=seq), origin),
        head=head,
    )


def _tell(run: Run, part: Part, done: Exported, *, form: str) -> None:
    if part.query:
        run.out.talk("this is a selection: it has gaps, and proves nothing by itself")
    elif form == "json" and not part.whole:
        run.out.talk("this is a part of the log: actas audit verify takes it with --from any")
    if done.after:
        run.out.talk(f"what comes later: --from {cursor_text(done.after)}")


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

    def __init__(self, target: Target) -> None:
        self._target = target
        self.lines = 0

    def write(self, data: bytes, /) -> object:
        self.lines += 1
        return self._target.write(data)


def _exported(run: Run, asked: _Asked, target: Target) -> Exported:
    from actas.store.audit_export import export

    counted = _Counted(target)
    try:
        return busy(
            run,
            lambda: f"exported {counted.lines:,} lines",
            lambda: export(asked.log, counted, asked.part, document=asked.document, head=asked.head),
        )
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise Failure(str(problem), code="io", exit=Exit.UNFINISHED) from problem


def _to_file(run: Run, asked: _Asked, path: Path) -> Exported:
    """Write a file that is whole or not there, its owner's alone: the log says who did what for whom."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            done = _exported(run, asked, file)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # unlike a rename, never in place of another file
    except FileExistsError:
        raise misused(f"{path} is there already", hint="name another file") from None
    except OSError as problem:
        raise Failure(f"{path}: {problem.strerror or problem}", code="io", exit=Exit.UNFINISHED) from problem
    finally:
        with suppress(OSError):  # there is none, or what was in its way was told
            draft.unlink()
    return done
