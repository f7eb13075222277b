"""Secrets by which other servers know this one: they are sent out, to an address beside them (SEC-81).

Every other secret is compared with what somebody sends. These leave, and the document that says which one
also says where to. Whoever may write both reads any variable and any file that this server can read, an
owner's secret among them, by sending it to themselves. So only an owner changes either over the management
API; files that this server reads by itself are written by whoever owns it anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from actas.admin.objects import Change, ObjectKind
from actas.admin.record import Author
from actas.core.administrators import covers
from actas.core.errors import InsufficientScope

PLACES: Final[Mapping[ObjectKind, str]] = {"issuers": "sign_in", "connections": "redeem"}
"""The member of an object in which its ``client_secret`` is."""

_LEADS: Final[Mapping[ObjectKind, tuple[str, ...]]] = {
    "issuers": (
        "issuer",
        "sign_in.authorization_endpoint",
        "sign_in.token_endpoint",
        "sign_in.hosts",
    ),
    "connections": ("resource.issuer", "redeem.hosts"),
}
"""What decides where it is sent."""

_INSTEAD: Final = (
    "such a secret is sent to the address that stands beside it: an owner says so, or a file that the server "
    "reads; private_key_jwt needs neither"
)


def sent_secret(kind: ObjectKind, document: Mapping[str, Any]) -> object:
    """Return how a document refers to a secret that is sent out; None when it does not."""
    place = PLACES.get(kind)
    return None if place is None else _at(document, f"{place}.client_secret")


def authorise_sending(author: Author, change: Change) -> None:
    """Return when somebody may say which secret is sent where, or when a change says nothing of that.

    Raises:
        InsufficientScope: it does, and they are no owner.
    """
    kind, name = change.key
    secret = sent_secret(kind, change.after.body)
    if secret is None or covers(author.role, "owner") or not _otherwise(kind, change, secret):
        return
    detail = f"{author.called} is {author.role}, and {kind}[{name}].{PLACES[kind]}.client_secret wants owner"
    instead = author.mended("owner") or f": {_INSTEAD}"
    raise InsufficientScope("role_too_small", detail=f"{detail}{instead}")


def _otherwise(kind: ObjectKind, change: Change, secret: object) -> bool:
    """Whether another secret would be sent than before, or the same one elsewhere."""
    before, after = change.before, change.after
    if before is None or sent_secret(kind, before.body) != secret:
        return True
    if any(_at(before.body, path) != _at(after.body, path) for path in _LEADS[kind]):
        return True
    # The same name in another folder is another file.
    return _names_a_file(secret) and before.folder != after.folder


def _names_a_file(secret: object) -> bool:
    return isinstance(secret, dict) and "file" in secret


def _at(document: Mapping[str, Any], path: str) -> object:
    here: object = document
    for step in path.split("."):
        here = cast("dict[str, object]", here).get(step) if isinstance(here, dict) else None
    return here
