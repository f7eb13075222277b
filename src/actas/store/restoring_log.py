"""Putting the audit log of a backup into files, whole, and only where there is none (REL-28).

A log that is there knows more than a backup of it: it is never replaced. A log that was in a database comes
into files when the database that is restored to keeps none.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import apsw

from actas.audit.kept import LogUnreadable, named
from actas.store.audit_file import StreamFile
from actas.store.audit_folder import CHECKPOINTS, FolderLog
from actas.store.audit_lines import append
from actas.store.audit_sqlite import UnsoundSqlite
from actas.store.backup import LOG_TABLES, Checkpoints, Contents, Entries, Part, Rows
from actas.store.folder import sync

_ENTRIES, *_, _CHECKPOINTS = LOG_TABLES


def has_log_for_files(contents: Contents, *, shared: bool) -> bool:
    """Return whether a backup holds a log that belongs into files.

    Args:
        shared: whether the database that is restored to is one that keeps logs.
    """
    return bool(contents.tally.entries) or (not shared and bool(contents.tally.rows.get(_ENTRIES)))


def restore_log(folder: Path, found: Iterable[Part]) -> bool:
    """Put the audit log of a backup into its folder, when there is none.

    Args:
        folder: where the streams are to be.
        found: the parts of the backup.

    Returns:
        False when there is a log already, which is left as it is.

    Raises:
        LogUnreadable: it cannot be written.
        BackupRefused: the backup is not whole.
    """
    if FolderLog(folder).streams():
        return False
    name = secrets.token_hex(4)
    draft = folder.with_name(f".{folder.name}.{name}")
    try:
        draft.mkdir(mode=0o700, parents=True)
        _write(draft, found)
        if folder.exists():  # locks, and what is left of an index
            folder.rename(folder.with_name(f"{folder.name}.before-{name}"))
        draft.rename(folder)
        sync(folder.parent)
    except (OSError, apsw.Error, UnsoundSqlite) as problem:
        raise LogUnreadable(f"the audit log cannot be restored to {folder}: {problem}") from problem
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


def _write(folder: Path, found: Iterable[Part]) -> None:
    files: dict[str, StreamFile] = {}
    checkpoints: list[tuple[int, bytes]] = []
    try:
        for part in found:
            for stream, lines in _streams(part):
                if not named([stream]):
                    # Whoever could write to the database that was backed up called it so. It is no stream
                    # there either, and here it would be a path.
                    continue
                if stream not in files:
                    files[stream] = StreamFile(folder / f"{stream}.db")
                for after, run in _runs(lines):
                    files[stream].write(run, after=after, delivered=after + len(run), clean=True)
            checkpoints += _checkpoints(part)
    finally:
        for file in files.values():
            file.close()
    append(folder / CHECKPOINTS, [line + b"\n" for _, line in sorted(checkpoints)])


def _streams(part: Part) -> Iterator[tuple[str, list[tuple[int, bytes]]]]:
    """Yield what a part holds of streams."""
    if isinstance(part, Entries):
        yield part.stream, part.lines
    elif isinstance(part, Rows) and part.table == _ENTRIES:
        found: dict[str, list[tuple[int, bytes]]] = {}
        for row in _named(part):
            found.setdefault(row["stream"], []).append((row["seq"], row["line"]))
        yield from found.items()


def _checkpoints(part: Part) -> Iterator[tuple[int, bytes]]:
    """Yield the checkpoints that a part holds, each with its place."""
    if isinstance(part, Checkpoints):
        yield from enumerate(part.lines)
    elif isinstance(part, Rows) and part.table == _CHECKPOINTS:
        for row in _named(part):
            yield row["number"], row["line"].rstrip(b"\r\n")


def _named(part: Rows) -> Iterator[Mapping[str, Any]]:
    for row in part.rows:
        yield dict(zip(part.columns, row, strict=True))


def _runs(lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, tuple[bytes, ...]]]:
    """Yield what follows without a gap together, with the number before it: a gap stays one."""
    run: list[bytes] = []
    last = 0
    for seq, line in lines:
        if run and seq != last + 1:
            yield last - len(run), tuple(run)
            run = []
        run.append(line)
        last = seq
    if run:
        yield last - len(run), tuple(run)
