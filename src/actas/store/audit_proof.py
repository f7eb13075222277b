"""Verifying what is on disk: an export, one stream's file, or a whole folder (product.md 2, "audit verify").

Reads and feeds ``audit.verify``; decides nothing itself. Works on copies, without a server and with
nothing but public keys. Checkpoints are read before entries: one that is made meanwhile is then not
missed for entries that were not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import apsw

from actas.audit.checkpoint import is_line
from actas.audit.verify import Line, Verdict, verify_lines
from actas.crypto.jose import PublicKey
from actas.store.audit_reader import CHECKPOINTS, reading, streams

LONGEST_LINE: Final = 1 << 20
"""Bytes of one line of an export; longer ones are damaged, and are not held in memory."""

_SQLITE: Final = b"SQLite format 3\x00"


class Unreadable(Exception):
    """What was to be verified cannot be read. The message names the file and the cause."""


def verify_path(
    path: Path,
    *,
    checkpoints: Iterable[Path] = (),
    keys: Mapping[str, PublicKey] | None = None,
    start: int | None = 1,
) -> Verdict:
    """Verify the log at ``path``.

    Args:
        path: an export (JSON lines, checkpoints among them allowed), the file of one stream, or the folder
            of the streams.
        checkpoints: files of checkpoints, from elsewhere best of all.
        keys: the audit keys by ``kid``; None to check the chain alone.
        start: number of the first entry expected of each stream; None when the export is a part and begins
            where it begins.

    Raises:
        Unreadable: a file is missing or cannot be opened.
    """
    try:
        if path.is_dir():
            sealed = [
                *_checkpoint_lines([path / CHECKPOINTS], optional=True),
                *_checkpoint_lines(checkpoints),
            ]
            lines = _folder_lines(path)
        elif _is_database(path):
            sealed = list(_checkpoint_lines(checkpoints))
            lines = _database_lines(path, path.name, None)
        else:
            sealed = [one for one in _text_lines(path) if is_line(one[1])]
            sealed += _checkpoint_lines(checkpoints)
            lines = (Line(data, where) for where, data in _text_lines(path) if not is_line(data))
        return verify_lines(lines, checkpoints=sealed, keys=keys, start=start)
    except FileNotFoundError as problem:
        raise Unreadable(f"there is no file {problem.filename or path}") from problem
    except OSError as problem:
        raise Unreadable(f"{problem.filename or path} cannot be read: {problem.strerror}") from problem
    except apsw.Error as problem:
        raise Unreadable(f"{path} cannot be read: {problem}") from problem


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _folder_lines(folder: Path) -> Iterator[Line]:
    for stream in streams(folder):
        yield from _database_lines(folder / f"{stream}.db", stream, stream)


def _database_lines(path: Path, name: str, stream: str | None) -> Iterator[Line]:
    row = 0
    try:
        with reading(path) as reader:
            for row, data in reader.rows():
                yield Line(data, f"row {row} of {name}", stream, row)
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as damage:
        # A finding rather than a failure: whoever asks whether the log is whole gets his answer.
        where = f"what follows row {row} of {name}" if row else name
        yield Line(b"", where, stream, trouble=str(damage))


def _checkpoint_lines(paths: Iterable[Path], *, optional: bool = False) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        if optional and not path.exists():
            continue
        yield from _text_lines(path)


def _text_lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the lines of a file with their places; empty ones are not lines.

    A last line without an end that is no JSON was being written when the process died, and holds nothing.
    """
    with path.open("rb") as file:
        count = 0
        while data := file.readline(LONGEST_LINE):
            count += 1
            torn = len(data) < LONGEST_LINE and not data.endswith((b"\n", b"}"))
            data = data.rstrip(b"\r\n")
            if data and not torn:
                yield f"line {count} of {path.name}", data
