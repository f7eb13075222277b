"""Where the command line is signed in, and which servers it knows by name.

One file each, in a folder that only its owner can read. A login is a token for managing one server: it ends
by itself, and what it may do is looked up by the server at every request.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from actas.cli.exits import Exit, Failure, misused
from actas.core.ports import Json, JsonObject
from actas.core.secret import Secret

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}")
_LARGEST: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A token for managing a server.

    Attributes:
        ends_at: seconds since the epoch.
    """

    server: str
    client: str
    token: Secret
    ends_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """The servers that are known by name.

    Attributes:
        servers: the address of each.
        current: the one to ask when nothing else says; None for none.
    """

    servers: dict[str, str]
    current: str | None


def keep_login(home: Path, login: Login) -> None:
    """Keep a login, in place of an earlier one at the same server.

    Raises:
        Failure: it cannot be written (exit 4).
    """
    document: JsonObject = {
        "kind": "actas/Login",
        "v": 1,
        "server": login.server,
        "client": login.client,
        "token": login.token.reveal(),
        "ends_at": login.ends_at,
    }
    _write(_login_path(home, login.server), document)


def login_at(home: Path, server: str) -> Login | None:
    """Return the login at a server, or None."""
    match _read(_login_path(home, server)):
        case {
            "v": 1,
            "server": str(kept),
            "client": str(client),
            "token": str(token),
            "ends_at": int(ends_at),
        }:
            login = Login(server=kept, client=client, token=Secret(token), ends_at=ends_at)
            return login if kept == server else None
        case _:
            return None


def forget_login(home: Path, server: str) -> bool:
    """Forget the login at a server. Returns whether there was one."""
    path = _login_path(home, server)
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def contexts(home: Path) -> Contexts:
    """Return the servers that are known by name."""
    document = _read(home / "contexts.json") or {}
    servers = document.get("servers")
    known = (
        {name: str(url) for name, url in servers.items() if _NAME.fullmatch(name)}
        if isinstance(servers, dict)
        else {}
    )
    current = document.get("current")
    return Contexts(servers=known, current=current if isinstance(current, str) and current in known else None)


def keep_contexts(home: Path, known: Contexts) -> None:
    """Keep the servers that are known by name.

    Raises:
        Failure: they cannot be written (exit 4).
    """
    servers = cast("dict[str, Json]", known.servers)
    _write(
        home / "contexts.json",
        {"kind": "actas/Contexts", "v": 1, "servers": servers, "current": known.current},
    )


def checked_name(name: str) -> str:
    """Return the name of a context.

    Raises:
        Failure: it cannot be one (exit 2).
    """
    if _NAME.fullmatch(name) is None:
        raise misused(f"a context cannot be called {name!r}", hint="use letters, digits, '.', '_' and '-'")
    return name


def _login_path(home: Path, server: str) -> Path:
    return home / "logins" / f"{hashlib.sha256(server.encode()).hexdigest()[:32]}.json"


def _read(path: Path) -> JsonObject | None:
    try:
        document: Json = json.loads(path.read_bytes()[:_LARGEST])
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _write(path: Path, document: JsonObject) -> None:
    """Write a file that is whole or not there, and never readable by others, not even for a moment."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(document).encode())
        fresh.replace(path)
    except OSError as error:
        raise Failure(
            f"{path} cannot be written: {error.strerror}", code="cannot_save", exit=Exit.UNFINISHED
        ) from error
    finally:
        fresh.unlink(missing_ok=True)
