"""What each role may change, and that nobody gives more than they hold (SEC-80, SEC-81).

One table, and one question of every change, however it is asked for: object by object or in one file. A
client that holds a role is as much as that role: who may change how it proves who it is, may become it. So
it is with the issuer by whose tokens such a client authenticates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from actas.admin.entrance import require
from actas.admin.objects import Change, ObjectKind, Snapshot
from actas.admin.record import Author
from actas.admin.refusals import NotAccepted
from actas.admin.roles import ROLES, Role, covers
from actas.core.errors import InsufficientScope

CHANGES: Final[dict[ObjectKind, Role]] = {
    "defaults": "owner",
    "issuers": "operator",
    "apis": "operator",
    "clients": "operator",
    "rules": "operator",
    "tests": "operator",
    "users": "owner",
    "admins": "owner",
}
"""The role that changes an object of each kind. Everybody who holds a role may read all of them."""


def authorise(author: Author, changes: Iterable[Change], kept: Snapshot) -> None:
    """Return when somebody may make changes, each of them.

    Args:
        author: who asks.
        changes: what would be changed.
        kept: what is kept now, and says who holds which role.

    Raises:
        InsufficientScope: one of the changes is beyond them.
    """
    for change in changes:
        kind, _ = change.key
        require(author, CHANGES[kind], doing=f"a change of {kind}")
        for client in _who_could_be(change, kept):
            held = role_of(client, kept)
            if held is not None and not covers(author.role, held):
                raise InsufficientScope(
                    "role_too_small", detail=f"{author.client} is {author.role}, and {client} is {held}"
                )


def role_of(client: str, kept: Snapshot) -> Role | None:
    """Return the role that a client holds, whether or not it is in force."""
    found = kept.get("admins", f"client:{client}")
    role = None if found is None else found.body.get("role")
    return next((one for one in ROLES if one == role), None)


def _who_could_be(change: Change, kept: Snapshot) -> Iterator[str]:
    """Yield each client that whoever makes a change might become by it."""
    kind, name = change.key
    if kind == "clients":
        yield name
    if kind == "issuers" and change.what != "disabled":  # nobody gets in by what is switched off
        for one in kept.objects:
            if one.kind == "clients" and _vouches(name, one.body.get("auth")):
                yield one.name


def _vouches(issuer: str, auth: object) -> bool:
    found = cast("dict[str, object]", auth) if isinstance(auth, dict) else {}
    return (found.get("method"), found.get("issuer")) == ("workload", issuer)


def refuse_unsafe(kind: str, name: str, document: Mapping[str, Any]) -> None:
    """Refuse what only a file on the server's own computer may say.

    A secret never comes in a document. And a path leads to the files of every node: those beside its own
    configuration may be named, nothing else.

    Raises:
        NotAccepted: the document says such a thing.
    """
    auth = document.get("auth")
    secret: object = cast("dict[str, Any]", auth).get("secret") if isinstance(auth, dict) else None
    many = cast("list[object]", secret) if isinstance(secret, list) else [secret]
    if any(isinstance(one, str) for one in many):
        raise _unsafe(
            kind,
            name,
            "auth.secret",
            "a secret is written in it; use { env: … }, { file: … } or { generated: true }",
        )
    for path, file in _files(document, ""):
        if file.startswith("/") or ".." in file.split("/"):
            raise _unsafe(kind, name, path, "must be a path within the folder of the server's own files")


def _files(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield every file that is named, after the path of the name."""
    if isinstance(value, dict):
        for key, one in cast("dict[str, object]", value).items():
            below = f"{path}.{key}" if path else key
            if key == "file" and isinstance(one, str):
                yield below, one
            else:
                yield from _files(one, below)
    elif isinstance(value, list):
        for index, one in enumerate(cast("list[object]", value)):
            yield from _files(one, f"{path}[{index}]")


def _unsafe(kind: str, name: str, path: str, message: str) -> NotAccepted:
    fault = {
        "place": "the request",
        "path": f"{kind}[{name}].{path}",
        "message": message,
        "severity": "error",
    }
    return NotAccepted(detail=f"{kind}[{name}].{path}: {message}", faults=[{**fault}])
