"""``actas db restore``: make the database what a backup holds, as the beginning of a new epoch."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from actas.cli.amounts import counted, entries
from actas.cli.configuration import configuration_flag, dev_flag, is_dev
from actas.cli.configuration import refusals as storage
from actas.cli.database import draft_of, is_there, logged
from actas.cli.exits import Exit, Failure, misused
from actas.cli.keys_shown import when
from actas.cli.minutes import refusals
from actas.cli.output import Answer, Ink, Line
from actas.cli.run import Run
from actas.cli.sure import make_sure, yes_flag
from actas.cli.tree import command as make
from actas.cli.who import operator
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.backups import Restored
    from actas.store.backup import Contents
    from actas.store.restoring import Target


@make(
    examples=(
        ("is it whole, and does the envelope key at hand open it?", "actas db restore --dry-run FILE"),
        ("onto an empty database", "actas db restore FILE"),
        ("in place of what is there", "actas db restore FILE --replace"),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@click.argument("file")
@click.option("--replace", is_flag=True, help="Replace what the database holds.")
@yes_flag
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, file: str, replace: bool, yes: bool) -> None:
    """Make the database what a backup holds, whole or not at all.

    A new epoch begins. What was used or revoked since the backup was made is not in it, so nothing that was
    issued before the restore is believed again: tokens of this server, tokens of others and assertions are
    refused, and new keys sign. Running servers follow within 5 seconds. People and services ask for new
    tokens; assertions and proofs work again after 35 seconds.

    With --replace, what was switched off, deleted or revoked since is not switched on again, as long as the
    database that is replaced is of the same installation. An audit log that is there is left as it is.

    Exits 0, 2 when the database is not empty and there is no --replace, 3 when the configuration does not
    hold or the envelope key is another, 4 when something cannot be used, 7 when FILE was changed or is not
    whole.
    """
    draft = draft_of(run, config, dev=dev)
    path = Path(file)
    with _told(path):
        from actas.app.backups import open_backup, restore_backup, target_of

        opened = asyncio.run(open_backup(draft, path, dev=is_dev(run, dev=dev)))
        contents = opened.contents
        name, target = asyncio.run(target_of(draft, there=is_there(draft)))
        if target.occupied and not replace and not run.options.dry_run:
            raise misused(
                f"{name} is not empty: nothing was restored", hint="--replace replaces what it holds"
            )
        if contents.head.issuer != draft.server.issuer:
            run.out.warn(f"the backup is of {contents.head.issuer}; this is {draft.server.issuer}")
        if run.options.dry_run:
            _tell(run, contents, name, target, None)
            return
        if target.occupied:
            make_sure(run, _what_happens(contents, name), yes=yes)
        done = asyncio.run(
            restore_backup(draft, opened, replace=replace, operator=operator(), dev=is_dev(run, dev=dev))
        )
    _tell(run, contents, name, target, done)
    if done.unrecorded is not None:
        raise Failure(
            f"the backup was restored, but that is not in the audit log yet: {done.unrecorded}",
            code="unrecorded",
            exit=Exit.UNFINISHED,
            hint="it is kept in the database, and the next server that starts writes it",
        )


@contextlib.contextmanager
def _told(path: Path) -> Generator[None]:
    """Make what stops a restore into failures with the right exit code."""
    from actas.store.backup_file import BackupRefused, OtherEnvelopeKey
    from actas.store.restoring import NotEmpty

    try:
        with refusals(), storage():
            yield
    except OtherEnvelopeKey as refused:
        raise Failure(
            f"{refused}: nothing was restored",
            code="keys",
            exit=Exit.CONFIGURATION,
            hint="keys.envelope must be the key that the backup was made under",
        ) from refused
    except BackupRefused as refused:
        raise Failure(
            f"{refused}: nothing was restored",
            code="integrity",
            exit=Exit.INTEGRITY,
            hint="take another backup",
        ) from refused
    except NotEmpty as taken:
        raise misused(f"{taken}: nothing was restored", hint="--replace replaces what it holds") from taken
    except OSError as problem:
        raise Failure(
            f"{path} cannot be read: {problem.strerror or problem}", code="input", exit=Exit.UNFINISHED
        ) from problem


def _what_happens(contents: Contents, name: str) -> list[Line]:
    return [
        f"{name} will hold what it held on {when(contents.head.made_at)}.",
        "Every token and assertion that was issued until now will be refused, and new keys will sign.",
    ]


def _tell(run: Run, contents: Contents, name: str, target: Target, done: Restored | None) -> None:
    head, tally = contents.head, contents.tally
    begun = None if done is None else done.begun
    body: dict[str, Json] = {
        "dry_run": done is None,
        "database": name,
        "backup": {
            "name": contents.name,
            "made_at": head.made_at,
            "issuer": head.issuer,
            "release": head.release,
            "schema": len(head.steps),
            "epoch": head.epoch,
        },
        "rows": {**tally.rows},
        "entries": {**tally.entries},
        "replaced": target.occupied,
        "epoch": None if begun is None else begun.number,
        "since": None if begun is None else begun.since,
        "entry": None if begun is None else begun.entry,
        "log": None if done is None else done.log,
        "switched_off": [] if begun is None else [*begun.switched_off],
        "left_out": [] if begun is None else [*begun.left_out],
    }
    rows = counted(sum(tally.rows.values()), "row")
    log = f", {entries(logged(contents))} of the audit log" if logged(contents) else ""
    of = f"{when(head.made_at)}, by Actas {head.release}, epoch {head.epoch}"
    lines: list[Line] = [f"backup {contents.name} of {of}: {rows}{log}"]
    if done is None:
        onto = "is not empty: --replace replaces what it holds" if target.occupied else "is empty"
        lines.append((Ink("whole", "good"), f"  and the envelope key at hand opens it; {name} {onto}"))
    else:
        lines += _happened(contents, name, done)
    run.out.answer(Answer(kind="actas/Restore", body=body, name=contents.name, lines=lines))
    if done is None:
        run.out.talk("nothing was changed: this was --dry-run")


def _happened(contents: Contents, name: str, done: Restored) -> Generator[Line]:
    begun = done.begun
    yield (Ink("restored", "good"), f"  to {name}; epoch {begun.number} began on {when(begun.since)}")
    yield f"  entry {begun.entry}; what was issued before is refused, and new keys sign"
    if logged(contents):
        yield (
            "  the audit log of the backup is in its place"
            if done.log
            else "  the audit log that was there is left as it is"
        )
    if begun.switched_off:
        yield f"  switched off, as since the backup: {', '.join(begun.switched_off)}"
    if begun.left_out:
        yield f"  left out, as taken away since the backup: {', '.join(begun.left_out)}"
    if begun.same is False:
        yield "  what was replaced was of another installation: restart every server that runs on it"
    if begun.same is None:
        yield (
            "  nobody knows what was switched off, or which secrets were changed, after the backup was made:"
            " look at it, and change what leaked"
        )
