"""Where the command line is signed in, and which servers it knows by name.

One file each, in a folder that only its owner can read. A login is a token for managing one server: it ends
by itself, and what it may do is looked up by the server at every request.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from actas.cli.exits import Exit, Failure, misused
from actas.cli.private import write_private
from actas.core.ports import Json, JsonObject
from actas.core.secret import Secret

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}")
_LARGEST: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A token for managing a server.

    Attributes:
        ends_at: seconds since the epoch.
        proves: whether it is bound to the key of this person's own, and is shown with proof of it.
        certificate: the file of the client's certificate and key, when it signed in with one; None for none.
    """

    server: str
    client: str
    token: Secret
    ends_at: int
    proves: bool = False
    certificate: str | None = None


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
        "proves": login.proves,
        "certificate": login.certificate,
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
            "proves": bool(proves),
            "certificate": str() | None as certificate,
        }:
            login = Login(
                server=kept,
                client=client,
                token=Secret(token),
                ends_at=ends_at,
                proves=proves,
                certificate=certificate,
            )
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
    """Return the servers that are known by name.

    Raises:
        Failure: what is kept of them is not what ``keep_contexts`` writes (exit 4). To ask another server
            than the one that was chosen would be worse.
    """
    path = home / "contexts.json"
    if not path.exists():
        return Contexts(servers={}, current=None)
    match _read(path):
        case {"v": 1, "servers": dict() as servers, "current": str() | None as current}:
            known = {name: url for name, url in servers.items() if isinstance(url, str)}
            if len(known) == len(servers) and (current is None or current in known):
                return Contexts(servers=known, current=current)
        case _:
            pass
    raise Failure(
        f"{path} does not say which servers are known by name, as this version writes it",
        code="unreadable",
        exit=Exit.UNFINISHED,
        hint="mend or delete it, or name the server with --server",
    )


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
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)  # whatever the umask was, and whoever made it
        write_private(path, json.dumps(document).encode())
    except OSError as error:
        raise Failure(
            f"{path} cannot be written: {error.strerror}", code="cannot_save", exit=Exit.UNFINISHED
        ) from error
