"""Tokens kept for later under a name, with the keys of the issuer they came from.

One file each, in a folder that only its owner can read. The keys are kept beside the token, as they were
when it was granted, so that ``actas inspect @name`` can check it without asking anybody.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from actas.cli.exits import Exit, Failure, misused
from actas.cli.private import write_private
from actas.core.ports import Json, JsonObject
from actas.core.secret import Secret

LONGEST: Final = 128
LARGEST: Final = 1024 * 1024
"""Most bytes of a saved token's file: the token and a key set."""

_STEP: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?"
_NAME: Final = re.compile(rf"{_STEP}(?:/{_STEP})*")  # no step begins or ends with a dot: no way upwards


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedToken:
    """A token that was kept.

    Attributes:
        token_type: its type, as a URN.
        issuer: the issuer it was granted by, or None when nobody granted it here.
        jwks: that issuer's public keys when it was granted, or None when they could not be had.
        saved_at: seconds since the epoch.
    """

    token: Secret
    token_type: str
    issuer: str | None
    jwks: JsonObject | None
    saved_at: int


def is_saved_name(text: str) -> bool:
    """Whether a token can be kept under ``text``: letters, digits, ``.``, ``_``, ``-``, and ``/`` between."""
    return len(text) <= LONGEST and _NAME.fullmatch(text) is not None


def check_name(text: str) -> str:
    """Return the name given to ``--save``, with or without its ``@``.

    Raises:
        Failure: a token cannot be kept under it (exit 2).
    """
    name = text.removeprefix("@")
    if not is_saved_name(name):
        raise misused(
            f"a token cannot be saved as {text!r}",
            hint="use letters, digits, '.', '_' and '-', with '/' between parts: orders, demo/scene-2",
        )
    return name


def save(home: Path, name: str, saved: SavedToken) -> None:
    """Keep a token under ``name``, in place of an earlier one of that name.

    Args:
        home: the folder of the command line.
        name: one that ``check_name`` returned.

    Raises:
        Failure: it cannot be written (exit 4).
    """
    path = _path(home, name)
    document = {
        "kind": "actas/SavedToken",
        "v": 1,
        "token": saved.token.reveal(),
        "token_type": saved.token_type,
        "issuer": saved.issuer,
        "jwks": saved.jwks,
        "saved_at": saved.saved_at,
    }
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "tokens").chmod(0o700)  # whatever the umask was, and whoever made it
        write_private(path, json.dumps(document).encode())
    except OSError as error:
        raise Failure(
            f"the token cannot be saved in {path}: {error.strerror}", code="cannot_save", exit=Exit.UNFINISHED
        ) from error


def forget(home: Path, name: str) -> None:
    """Remove what was kept under ``name``, if anything was.

    Args:
        home: the folder of the command line.
        name: one that ``check_name`` returned.

    Raises:
        Failure: it cannot be removed (exit 4).
    """
    path = _path(home, name)
    try:
        path.unlink(missing_ok=True)
    except NotADirectoryError:
        return
    except OSError as error:
        raise Failure(
            f"the token in {path} cannot be removed: {error.strerror}",
            code="cannot_save",
            exit=Exit.UNFINISHED,
        ) from error


def load(home: Path, name: str) -> SavedToken | None:
    """Return what was kept under ``name``, or None.

    Raises:
        Failure: what is kept there cannot be read, or is not what ``save`` writes (exit 4).
    """
    if not is_saved_name(name):
        return None
    path = _path(home, name)
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(LARGEST + 1))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(path) from error
    return _read(path, document)


def _path(home: Path, name: str) -> Path:
    return home / "tokens" / f"{name}.json"


def _read(path: Path, document: Json) -> SavedToken:
    match document:
        case {
            "kind": "actas/SavedToken",
            "v": 1,
            "token": str(token),
            "token_type": str(token_type),
            "issuer": str() | None as issuer,
            "jwks": dict() | None as jwks,
            "saved_at": int(saved_at),
        }:
            return SavedToken(
                token=Secret(token), token_type=token_type, issuer=issuer, jwks=jwks, saved_at=saved_at
            )
        case _:
            raise _unreadable(path)


def _unreadable(path: Path) -> Failure:
    return Failure(
        f"{path} is not a saved token that this version reads",
        code="unreadable",
        exit=Exit.UNFINISHED,
        hint="delete the file, and save the token again",
    )
