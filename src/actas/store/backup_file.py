"""The file of a backup: frames that are sealed under the envelope key, in order, whole or refused.

The first line says what the file is, which backup, under which envelope key, and how a key service wrapped
that key, where one has it. Each frame is its length and what was sealed (``crypto.seal``), bound to the first
line and to its number, and the last one is bound as the last. So a frame that was changed, left out, moved,
repeated or taken from another backup does not open, and neither does a file that ends early or goes on
(REL-28). Nothing of it can be read without the envelope key.

Files appear whole or not at all, and are their owner's alone. What frames say is ``store.backup``'s.
"""

from __future__ import annotations

import os
import secrets
import zlib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

import msgspec

from actas.crypto.seal import SealBroken, Sealer, place_of
from actas.store.folder import sync

LONGEST_FRAME: Final = 64 * 1024 * 1024
"""Bytes of one frame, sealed or opened."""

_MAGIC: Final = b"actas backup 1 "
_LONGEST_HEAD: Final = 64 * 1024
_LENGTH_BYTES: Final = 4


class BackupRefused(Exception):
    """It is no backup, not whole, or changed. The message is a sentence for administrators."""


class OtherEnvelopeKey(BackupRefused):
    """It was made under another envelope key than the one at hand, or says so."""


class FirstLine(msgspec.Struct, frozen=True):
    """What the first line of a backup says, in the clear.

    Attributes:
        name: what the backup is called, 32 hexadecimal digits.
        key: the id of the envelope key that it was made under.
        wrapped: that key as key services wrapped it, by the names of their keys; of no use without them.
    """

    name: str
    key: str
    wrapped: dict[str, str] = {}


class BackupWriter:
    """Writes one backup. What was written appears under its name with ``finish``, or never.

    Args:
        path: its name, which nothing has.
        wrapped: the envelope key as key services wrapped it.

    Attributes:
        name: what the backup is called, 32 hexadecimal digits.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, *, sealer: Sealer, wrapped: Mapping[str, str] | None = None) -> None:
        self.name = secrets.token_hex(16)
        said = msgspec.json.encode(FirstLine(self.name, sealer.key_id, dict(wrapped or {})))
        line = _MAGIC + said + b"\n"
        self._bound_to = sha256(line).hexdigest()
        self._path = path
        self._sealer = sealer
        self._number = 0
        self._draft = path.with_name(f".{path.name}.{self.name[:8]}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file: BinaryIO = os.fdopen(os.open(self._draft, flags, 0o600), "wb")
        self._file.write(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._draft.unlink(missing_ok=True)

    def add(self, value: object) -> None:
        """Write one frame.

        Args:
            value: what msgpack holds: texts, bytes, integers, lists, mappings.

        Raises:
            OSError: it cannot be written.
            ValueError: it is too long.
        """
        self._add(value, last=False)

    def finish(self, value: object) -> int:
        """Write the last frame, and give the file its name, durably.

        Returns:
            Its bytes.

        Raises:
            FileExistsError: there is something of that name by now.
            OSError: it cannot be written.
        """
        self._add(value, last=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        written = self._file.tell()
        self._appear()
        sync(self._path.parent)
        return written

    def _appear(self) -> None:
        try:
            self._path.hardlink_to(self._draft)
        except FileExistsError:
            raise
        except OSError:
            # Where backups go there are file systems without links.
            if os.path.lexists(self._path):
                raise
            self._draft.rename(self._path)

    def _add(self, value: object, *, last: bool) -> None:
        place = _place(self._bound_to, self._number, last=last)
        frame = self._sealer.seal(zlib.compress(msgspec.msgpack.encode(value)), bound_to=place)
        if len(frame) > LONGEST_FRAME:
            raise ValueError(f"a frame of {len(frame)} bytes is too long for a backup")
        self._file.write(len(frame).to_bytes(_LENGTH_BYTES, "big"))
        self._file.write(frame)
        self._number += 1


class BackupReader:
    """Reads one backup, frame by frame, as often as it is asked.

    Attributes:
        first: what it says of itself in the clear. The frames are bound to it, and prove it.

    Raises:
        BackupRefused: it is no backup.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path, *, sealer: Sealer) -> None:
        self._path = path
        self._sealer = sealer
        with path.open("rb") as file:
            self.first, self._bound_to = _first(file, path)

    def frames(self) -> Iterator[list[Any]]:
        """Yield what each frame holds, the last one included.

        Raises:
            BackupRefused: it is not whole, or was changed: nothing that was yielded may be relied upon.
            OSError: it cannot be read.
        """
        with self._path.open("rb") as file:
            if _first(file, self._path)[1] != self._bound_to:
                raise BackupRefused(f"{self._path} was replaced while it was read")
            number = 0
            while frame := self._frame(file):
                # The one at the end of the file must have been written as the last.
                yield self._opened(frame, number, last=not file.peek(1))
                number += 1
            if not number:
                raise BackupRefused(f"{self._path} holds nothing: it is not whole")

    def _frame(self, file: BufferedReader) -> bytes:
        """Return the next frame, sealed; nothing at the end."""
        said = file.read(_LENGTH_BYTES)
        if not said:
            return b""
        length = int.from_bytes(said, "big")
        if len(said) < _LENGTH_BYTES or not 0 < length <= LONGEST_FRAME:
            raise BackupRefused(f"{self._path} was changed, or is not whole")
        frame = file.read(length)
        if len(frame) < length:
            raise BackupRefused(f"{self._path} is not whole: it ends early")
        return frame

    def _opened(self, frame: bytes, number: int, *, last: bool) -> list[Any]:
        try:
            data = self._sealer.open(frame, bound_to=_place(self._bound_to, number, last=last))
        except SealBroken as broken:
            known = (self._sealer, self._sealer.previous)
            if self.first.key not in [one.key_id for one in known if one is not None]:
                raise OtherEnvelopeKey(
                    f"{self._path} was made under the envelope key {self.first.key},"
                    f" and the one at hand is {self._sealer.key_id}"
                ) from broken
            raise BackupRefused(
                f"{self._path} was changed, or is not whole: frame {number + 1} does not open"
            ) from broken
        opener = zlib.decompressobj()
        plain = opener.decompress(data, LONGEST_FRAME)
        if opener.unconsumed_tail:
            raise BackupRefused(f"{self._path} holds a frame that is too long")
        try:
            return msgspec.msgpack.decode(plain, type=list[Any])
        except msgspec.DecodeError as wrong:
            raise BackupRefused(f"{self._path} holds something else than it should: {wrong}") from wrong


def first_line(path: Path) -> FirstLine:
    """Return what a backup says of itself in the clear: which envelope key is needed to open it.

    Raises:
        BackupRefused: it is no backup.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return _first(file, path)[0]


def _first(file: BufferedReader, path: Path) -> tuple[FirstLine, str]:
    """Return what the first line says, and what frames are bound to."""
    line = file.readline(_LONGEST_HEAD)
    try:
        if not line.startswith(_MAGIC) or not line.endswith(b"\n"):
            raise BackupRefused(f"{path} is not a backup that this release can read")
        return msgspec.json.decode(line[len(_MAGIC) :], type=FirstLine), sha256(line).hexdigest()
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise BackupRefused(f"{path} is not a backup, or was changed: {wrong}") from wrong


def _place(bound_to: str, number: int, *, last: bool) -> str:
    return place_of(table="backup", row=f"{bound_to}: {number}", purpose="last" if last else "frame")
