"""Files of lines: checkpoints, copies of them, exports. A line that a crash tore is none (REL-03)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from actas.store.folder import sync

LONGEST_LINE: Final = 1 << 20
"""Bytes of one line of an export; longer ones are damaged, and are not held in memory."""


def text_lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the lines of a file with their places; empty ones are not lines.

    A last line without an end that is no JSON was being written when the process died, and holds nothing.

    Raises:
        OSError: it is not there or cannot be read.
    """
    with path.open("rb") as file:
        count = 0
        while data := file.readline(LONGEST_LINE):
            count += 1
            torn = len(data) < LONGEST_LINE and not data.endswith((b"\n", b"}"))
            data = data.rstrip(b"\r\n")
            if data and not torn:
                yield f"line {count} of {path.name}", data


def whole_lines(path: Path) -> list[bytes]:
    """Return the lines of a file that need not be there, each with its end; a torn last one is not a line.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    return [line for line in data.splitlines(keepends=True) if line.endswith(b"\n")]


def append(path: Path, lines: Sequence[bytes]) -> None:
    """Append lines, each with its end, durably. A torn end, left by a crash, is removed first (REL-03).

    Raises:
        OSError: it is not known whether they were written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        whole = sum(len(line) for line in whole_lines(path))
        file.truncate(whole)
        file.seek(whole)
        file.write(b"".join(lines))
        file.flush()
        os.fsync(file.fileno())
    sync(path.parent)
