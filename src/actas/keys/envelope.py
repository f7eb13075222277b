"""The envelope key: the one secret under which everything else rests, kept outside the database (SEC-92).

Owns reading it from a file or from the environment's text, refusing a file that others than its owner
could have read or put there, and making a new one. When to make one is for ``app`` to decide: an envelope
key made beside a database that was sealed under another opens nothing.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from actas.core.secret import Secret
from actas.crypto.seal import KEY_BYTES, BadSealKey, Sealer

_MOST_BYTES: Final = 4096
_MOST_LINKS: Final = 40


class EnvelopeKeyRefused(Exception):
    """The envelope key cannot be used. The message is a sentence for administrators."""


class EnvelopeKeyMissing(EnvelopeKeyRefused):
    """There is no file of that name."""


def load_envelope_key(source: Path | Secret, *, previous: Sealer | None = None) -> Sealer:
    """Return the sealer of the envelope key.

    Args:
        source: the file that holds it, or its text when it came from the environment. A file's links are
            followed, since mounted secrets are links.
        previous: opens what was sealed before this key followed it.

    Raises:
        EnvelopeKeyMissing: there is no such file.
        EnvelopeKeyRefused: the file is not ours alone, or what it holds is no key.
    """
    if isinstance(source, Secret):
        return _sealer(source.reveal(), previous, where="the envelope key of the environment")
    try:
        return _sealer(_read(source), previous, where=str(source))
    except FileNotFoundError:
        raise EnvelopeKeyMissing(f"there is no envelope key at {source}") from None
    except OSError as problem:
        raise EnvelopeKeyRefused(f"{source} cannot be read: {problem.strerror or problem}") from problem


def create_envelope_key(path: Path) -> Sealer:
    """Make a new envelope key in a file of its own, durably, and return its sealer.

    The file appears whole or not at all, and never replaces another: of two processes that start at once
    one makes it, the other finds it.

    Raises:
        FileExistsError: there is something of that name already; ``load_envelope_key`` reads it.
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = secrets.token_urlsafe(KEY_BYTES)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "w") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return Sealer.from_text(text)


def _sealer(text: str, previous: Sealer | None, *, where: str) -> Sealer:
    try:
        return Sealer.from_text(text, previous=previous)
    except BadSealKey as bad:
        raise EnvelopeKeyRefused(f"{where}: {bad}") from None


def _read(path: Path) -> str:
    """Return the text of the file, once it is known to be ours alone."""
    final = _require_ours(path)
    # Not following links and not waiting: what was looked at is what is opened, and no pipe holds us up.
    handle = os.open(final, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise EnvelopeKeyRefused(f"{path} is not a regular file")
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o077:
            raise EnvelopeKeyRefused(
                f"others than its owner may use {path}, whose mode is {mode:04o};"
                f" make it private: chmod 600 {final}"
            )
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES or not data.isascii():
        raise EnvelopeKeyRefused(f"{path} does not hold an envelope key")
    return data.decode("ascii")


def _require_ours(path: Path) -> Path:
    """Return where ``path`` leads, once no step of the way is one that anybody may turn elsewhere.

    In a folder that everybody may write to, whoever gets there first decides what the key is; with the
    sticky bit set, as on /tmp and on mounted secrets, only the owner of an entry can replace it.
    """
    place = path
    for folder, place in _steps(path):
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH:
            ours = place.lstat().st_uid in (0, os.geteuid())
            if not mode & stat.S_ISVTX or not ours:
                raise EnvelopeKeyRefused(
                    f"{path} leads through {folder}, whose mode is {stat.S_IMODE(mode):04o}: anybody may put"
                    " another file there; keep the key in a folder of its own with mode 0700"
                )
    return place


def _steps(path: Path) -> Iterator[tuple[Path, Path]]:
    """Walk ``path`` as the system does, links included: each folder, and what is looked up in it."""
    folder, links = Path("/"), 0
    ahead = list(reversed(path.absolute().parts[1:]))
    while ahead:
        part = ahead.pop()
        if part == "..":
            folder = folder.parent
            continue
        place = folder / part
        yield folder, place
        if not place.is_symlink():
            folder = place
            continue
        links += 1
        if links > _MOST_LINKS:
            raise EnvelopeKeyRefused(f"{path} is a link that leads nowhere")
        target = place.readlink()
        folder = Path("/") if target.is_absolute() else folder
        ahead.extend(reversed([one for one in target.parts if one != "/"]))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
