"""One call of the management API: what came in, and what goes out."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from actas.admin.deeds import Deeds, Keeping
from actas.admin.entrance import Entrance
from actas.admin.filing import Filing
from actas.admin.health import Health
from actas.admin.objects import ObjectKind
from actas.admin.record import Author
from actas.admin.trying import Trial
from actas.audit.log import AuditLog
from actas.core.client import Client
from actas.core.errors import InvalidRequest
from actas.core.impersonation import ImpersonationStore
from actas.core.ports import Json, JsonObject
from actas.core.target import Api
from actas.kinds.impersonations import Impersonations
from actas.policy.connections import Connections
from actas.policy.decide import Policy
from actas.signin.resetting import Resetting
from actas.web.errors import ErrorWriter
from actas.web.token import GivesNonces


class Apis(Protocol):
    """Finds APIs."""

    def api(self, name: str) -> Api | None:
        """Return the API called ``name``, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the routes need, under one configuration.

    Attributes:
        health: looks connections over; ``trial`` tries them.
        nonces: makes nonces for proofs.
        state: says which generation is in force in this process, and whether it is behind.
        clients: those of the configuration; ``by_document`` those that its rules name by their document.
        tests: runs the policy tests and returns each with its ``problems``.
        cursors: the key that authenticates the cursors of pages.
        schema: the JSON Schema of the configuration.
        resetting: takes away what people sign in with.
        kept: the impersonations; ``impersonations`` changes them.
    """

    issuer: str
    entrance: Entrance
    nonces: GivesNonces
    deeds: Deeds
    filing: Filing
    keeping: Keeping
    policy: Policy
    clients: Mapping[str, Client]
    by_document: tuple[Client, ...]
    apis: Apis
    connections: Connections
    health: Health
    trial: Trial
    state: Callable[[], JsonObject]
    tests: Callable[[], Awaitable[list[JsonObject]]]
    cursors: bytes = field(repr=False)
    schema: Callable[[], JsonObject]
    resetting: Resetting
    kept: ImpersonationStore
    impersonations: Impersonations
    audit: AuditLog
    errors: ErrorWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What came in, once the caller was let in.

    Attributes:
        kind: the kind of object that the route is about; None when it is about none.
        path: the variable parts of the path.
        query: each parameter, once.
        body: the JSON object that was sent, or None.
        headers: names in lower case; one that came several times as RFC 9110 section 5.3 joins it.
    """

    author: Author
    kind: ObjectKind | None
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: JsonObject | None
    headers: Mapping[str, str]

    def document(self) -> JsonObject:
        """Return the body.

        Raises:
            InvalidRequest: there is none.
        """
        if self.body is None:
            raise malformed("a JSON object is wanted as the body")
        return self.body

    def only(self, *known: str) -> None:
        """Refuse parameters that the route does not know: a filter that is ignored shows too much.

        Raises:
            InvalidRequest: there is one.
        """
        unknown = [name for name in self.query if name not in known]
        if unknown:
            raise malformed(f"there is no parameter {unknown[0][:60]!r} here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes out."""

    body: JsonObject | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def malformed(detail: str) -> InvalidRequest:
    """Return the refusal of a call that is not as the reference says."""
    return InvalidRequest("malformed_request", detail=detail)


MOST: Final = 500
"""Things on one page."""

USUAL: Final = 100


def limit_of(call: Call) -> int:
    """Return how many things a page shows, by the parameter ``limit``.

    Raises:
        InvalidRequest: it is no such number.
    """
    limit = call.query.get("limit", str(USUAL))
    if not re.fullmatch(r"[1-9][0-9]{0,2}", limit) or int(limit) > MOST:
        raise malformed(f"limit is a number from 1 to {MOST}")
    return int(limit)


_WORDS: Final[dict[type, str]] = {
    bool: "true or false",
    int: "a whole number",
    str: "text",
    list: "a list",
    dict: "an object",
}


def fields_of(body: JsonObject, **kinds: type) -> dict[str, Json]:
    """Return the fields of a body, each of a kind; those that are left out are None.

    Raises:
        InvalidRequest: a field is unknown or of another kind.
    """
    for name, value in body.items():
        kind = kinds.get(name)
        if kind is None:
            raise malformed(f"there is no field {name[:60]!r} here")
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise malformed(f"{name} must be {_WORDS[kind]}")
    return {name: body.get(name) for name in kinds}
