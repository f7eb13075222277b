"""``actas db status``: which schema the database has, and what it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from actas.cli.amounts import counted, size
from actas.cli.configuration import configuration_flag, dev_flag
from actas.cli.database import draft_of, on_database
from actas.cli.exits import Exit, Failure
from actas.cli.keys_shown import when
from actas.cli.minutes import refusals
from actas.cli.output import Answer, Ink, Line
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.cli.wording import padded
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.settings.load import Draft
    from actas.store.database import Database
    from actas.store.epochs import Epoch
    from actas.store.schema import Standing
    from actas.store.stock import Holding, Stock


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What is told of a database.

    Attributes:
        epoch: None when its schema knows none yet.
        files: what is kept in files beside it, by name.
    """

    name: str
    standing: Standing
    stock: Stock
    epoch: Epoch | None
    files: tuple[Holding, ...]


@make(
    examples=(
        ("the schema and what grows", "actas db status"),
        ("in a script: whether a migration is pending", "actas db status --quiet || actas db migrate"),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool) -> None:
    """Say which schema the database has, and what it holds.

    Whatever has ended is removed by running servers in small steps. While nodes are being upgraded, it says
    which releases may serve on the database.

    Exits 0, 1 when steps of the schema are pending, 3 when the configuration does not hold, 4 when there is
    no database, when it cannot be read, or when its schema is unknown to this release.
    """
    draft = draft_of(run, config, dev=dev)
    with refusals():
        status = on_database(draft, lambda database: _look(database, draft, now=int(run.now)))
    run.out.answer(
        Answer(
            kind="actas/Database",
            body=_document(status),
            name=str(status.standing.version),
            lines=[*_lines(status)],
        )
    )
    if status.standing.pending:
        raise Failure(
            f"{counted(len(status.standing.pending), 'step')} of the schema pending",
            code="migration_pending",
            exit=Exit.NO,
            hint="actas db migrate takes them",
            told=True,
        )


async def _look(database: Database, draft: Draft, *, now: int) -> Status:
    from actas.store.revocations import read_epoch
    from actas.store.stock import take_stock
    from actas.store.tables import REVOCATIONS

    stock = await take_stock(database, now=now)
    epoch: Epoch | None = None
    if any(one.name == REVOCATIONS.name for one in stock.holdings):
        async with database.reading(within=None) as connection:
            epoch = await read_epoch(connection)
    return Status(
        name=database.name,
        standing=await database.standing(),
        stock=stock,
        epoch=epoch,
        files=tuple(await asyncio.to_thread(lambda: [*_files(draft, shared=database.shared, now=now)])),
    )


def _files(draft: Draft, *, shared: bool, now: int) -> Iterator[Holding]:
    """Yield what a data folder keeps in files beside the database."""
    import apsw

    from actas.app.log_place import AUDIT_FOLDER
    from actas.audit.kept import LogUnreadable
    from actas.core.errors import StoreUnavailable
    from actas.store.audit_folder import FolderLog
    from actas.store.marks_file import count_marks
    from actas.store.stock import Holding

    folder = draft.server.data
    try:
        marks = None if shared else count_marks(folder, now=now)
    except (apsw.Error, OSError) as problem:
        raise StoreUnavailable(f"the marks in {folder} cannot be read: {problem}") from problem
    if marks is not None:
        yield Holding(name="marks", rows=marks[0], ended=marks[1], bytes=marks[2])
    log = FolderLog(folder / AUDIT_FOLDER)
    rows = 0
    for stream in log.streams():
        try:
            with log.reading(stream) as reader:
                rows += reader.head().seq
        except LogUnreadable as problem:
            raise LogUnreadable(f"stream {stream}: {problem}") from problem
    if rows:
        yield Holding(name="audit", rows=rows, bytes=log.size())


def _document(status: Status) -> dict[str, Json]:
    standing, stock, epoch = status.standing, status.stock, status.epoch
    return {
        "database": status.name,
        "engine": stock.engine,
        "bytes": stock.bytes,
        "schema": {
            "version": standing.version,
            "newest": standing.newest,
            "usable_from": standing.usable_from,
            "applied": [{"version": one.version, "name": one.name, "at": one.at} for one in standing.applied],
            "pending": [{"version": one.version, "name": one.name} for one in standing.pending],
        },
        "epoch": epoch and {"number": epoch.number, "since": epoch.since, "entry": epoch.entry},
        "tables": [_holding(one) for one in stock.holdings],
        "files": [_holding(one) for one in status.files],
    }


def _holding(one: Holding) -> dict[str, Json]:
    return {
        "name": one.name,
        "rows": one.rows,
        "estimated": one.estimated,
        "ended": one.ended,
        "bytes": one.bytes,
    }


def _lines(status: Status) -> Iterator[Line]:
    standing, stock = status.standing, status.stock
    yield f"database  {status.name}, {stock.engine}, {size(stock.bytes)}"
    yield ("schema    ", *_schema(standing))
    for step in standing.pending:
        yield f"            {step.version:>3}  {step.name}"
    if status.epoch is not None:
        yield f"epoch     {_epoch(status.epoch)}"
    if stock.holdings:
        yield from ("", "holds")
        yield from map(_row, stock.holdings)
    if status.files:
        yield from ("", "in files beside it")
        yield from map(_row, status.files)


def _schema(standing: Standing) -> tuple[str | Ink, ...]:
    version, newest = standing.version, standing.newest
    if version > newest:
        return (
            Ink(f"{version}", "good"),
            f", made by a later release; this one knows {newest} and may serve beside it",
        )
    if not standing.pending:
        since = when(standing.applied[-1].at)
        may = f"releases that know {standing.usable_from} or later may serve on it"
        return (Ink(f"{version}", "good"), f", since {since}; {may}")
    steps = counted(len(standing.pending), "step")
    return (Ink(f"{version} of {newest}", "warn"), f": {steps} pending, actas db migrate takes them")


def _epoch(epoch: Epoch) -> str:
    if epoch.number == 1:
        return "1: no backup was ever restored"
    return f"{epoch.number}, since {when(epoch.since)}, when a backup was restored: entry {epoch.entry}"


def _row(one: Holding) -> str:
    rows = counted(one.rows, "row")
    told = [f"about {rows}" if one.estimated else rows]
    if one.bytes is not None:
        told.append(size(one.bytes))
    if one.ended:
        told.append(f"{one.ended:,} of them ended")
    return f"  {padded(one.name, 26)} {', '.join(told)}"
