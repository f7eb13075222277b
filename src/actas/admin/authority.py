"""What each role may change, and that nobody gives more than they hold (SEC-80, SEC-81).

One table, and one question of every change, however it is asked for: object by object or in one file. Who may
change how an administrator is known, may become one. Of a client that holds a role, that is its document, and
the issuer by whose tokens it authenticates; of people, the app that they manage with, which gets tokens of
theirs, and the issuer that says who is in a group. Users, their groups and what they sign in with are changed
by owners, above whom there is nobody. So is what this server sends elsewhere to be known there (``sent``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from actas.admin.entrance import require
from actas.admin.objects import AdminWay, Change, Kept, ObjectKind, Snapshot
from actas.admin.record import Author
from actas.admin.refusals import NotAccepted
from actas.admin.sent import PLACES, authorise_sending, sent_secret
from actas.core.administrators import ROLES, Role, covers
from actas.core.errors import InsufficientScope

CHANGES: Final[dict[ObjectKind, Role]] = {
    "defaults": "owner",
    "issuers": "operator",
    "apis": "operator",
    "clients": "operator",
    "rules": "operator",
    "connections": "operator",
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
        authorise_sending(author, change)
        for who, held in _who_could_be(change, kept):
            if not covers(author.role, held):
                detail = f"{author.called} is {author.role}, and {who} is {held}{author.mended(held)}"
                raise InsufficientScope("role_too_small", detail=detail)


def _who_could_be(change: Change, kept: Snapshot) -> Iterator[tuple[str, Role]]:
    """Yield each administrator, and their role, that whoever makes a change might become by it."""
    kind, name = change.key
    switched_off = change.what == "disabled"  # nobody gets in by what is switched off
    if kind == "clients":
        yield from _holding(kept, "client", name)
        if not switched_off and (_manages(change.before) or _manages(change.after)):
            yield from _holding(kept, "user")
            yield from _holding(kept, "group")
    if kind == "issuers" and not switched_off:
        yield from _holding(kept, "group", issuer=name)
        for one in kept.objects:
            if one.kind == "clients" and _vouches(name, one.body.get("auth")):
                yield from _holding(kept, "client", one.name)


def _holding(
    kept: Snapshot, way: AdminWay, name: str | None = None, *, issuer: str | None = None
) -> Iterator[tuple[str, Role]]:
    """Yield who holds a role, as a client, a user or a group; whether or not that is in force.

    Args:
        name: only this one.
        issuer: only groups of this one.
    """
    for one in kept.objects:
        if one.kind != "admins" or not one.exists:
            continue
        found, role = one.body.get(way), one.body.get("role")
        held: Role | None = next((known for known in ROLES if known == role), None)
        if found is None or held is None or (name is not None and found != name):
            continue
        if issuer is None or one.body.get("from") == issuer:
            yield one.name, held


def _manages(client: Kept | None) -> bool:
    """Whether people manage with a client."""
    found = None if client is None else client.body.get("sign_in")
    return isinstance(found, dict) and found.get("management") is True


def _vouches(issuer: str, auth: object) -> bool:
    found = cast("dict[str, object]", auth) if isinstance(auth, dict) else {}
    return (found.get("method"), found.get("issuer")) == ("workload", issuer)


def refuse_unsafe(kind: ObjectKind, name: str, document: Mapping[str, Any]) -> None:
    """Refuse what only a file on the server's own computer may say.

    A secret never comes in a document. And a path leads to the files of every node: those beside its own
    configuration may be named, nothing else.

    Raises:
        NotAccepted: the document says such a thing.
    """
    auth = document.get("auth")
    secret: object = cast("dict[str, Any]", auth).get("secret") if isinstance(auth, dict) else None
    many = cast("list[object]", secret) if isinstance(secret, list) else [secret]
    written = "a secret is written in it; use { env: … }, { file: … }"
    if any(isinstance(one, str) for one in many):
        raise _unsafe(kind, name, "auth.secret", f"{written} or {{ generated: true }}")
    if isinstance(sent_secret(kind, document), str):
        raise _unsafe(kind, name, f"{PLACES[kind]}.client_secret", f"{written} or private_key_jwt")
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
