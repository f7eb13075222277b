"""Verifying what is kept: an export, one stream's file, a folder, or any log (product.md 2, "audit verify").

Reads and feeds ``audit.verify``; decides nothing itself. Works on copies, without a server and with
nothing but public keys. Checkpoints are read before entries: one that is made meanwhile is then not
missed for entries that were not read.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path
from typing import Final

from actas.audit.checkpoint import is_line
from actas.audit.kept import KeptLog, LogUnreadable, StreamDamaged, StreamReader
from actas.audit.verify import Line, Verdict, verify_lines
from actas.crypto.jose import PublicKey
from actas.store.audit_folder import FolderLog, reading_file
from actas.store.audit_lines import text_lines

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
    if path.is_dir():
        return verify_log(FolderLog(path), checkpoints=checkpoints, keys=keys, start=start)
    with _told(path):
        if _is_database(path):
            sealed = list(_checkpoint_lines(checkpoints))
            lines = _stream_lines(reading_file(path), path.name, None)
        else:
            sealed = [one for one in text_lines(path) if is_line(one[1])]
            sealed += _checkpoint_lines(checkpoints)
            lines = (Line(data, where) for where, data in text_lines(path) if not is_line(data))
        return verify_lines(lines, checkpoints=sealed, keys=keys, start=start)


def verify_log(
    log: KeptLog,
    *,
    checkpoints: Iterable[Path] = (),
    keys: Mapping[str, PublicKey] | None = None,
    start: int | None = 1,
) -> Verdict:
    """Verify a log where it is kept, with its own checkpoints and those of further files.

    Args:
        checkpoints: as for ``verify_path``; so are ``keys`` and ``start``.

    Raises:
        Unreadable: it cannot be read, or a file is missing.
    """
    with _told(log.where), log.held():
        sealed = [*log.checkpoint_lines(), *_checkpoint_lines(checkpoints)]
        lines = chain.from_iterable(
            _stream_lines(log.reading(stream), stream, stream) for stream in log.streams()
        )
        return verify_lines(lines, checkpoints=sealed, keys=keys, start=start)


@contextmanager
def _told(where: Path | str) -> Generator[None]:
    try:
        yield
    except FileNotFoundError as problem:
        raise Unreadable(f"there is no file {problem.filename or where}") from problem
    except OSError as problem:
        raise Unreadable(f"{problem.filename or where} cannot be read: {problem.strerror}") from problem
    except LogUnreadable as problem:
        raise Unreadable(f"{where} cannot be read: {problem}") from problem


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _stream_lines(
    opening: AbstractContextManager[StreamReader], name: str, stream: str | None
) -> Iterator[Line]:
    row = 0
    try:
        with opening as reader:
            for row, data in reader.rows():
                yield Line(data, f"row {row} of {name}", stream, row)
    except StreamDamaged as damage:
        # A finding rather than a failure: whoever asks whether the log is whole gets his answer.
        where = f"what follows row {row} of {name}" if row else name
        yield Line(b"", where, stream, trouble=str(damage))


def _checkpoint_lines(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        yield from text_lines(path)
