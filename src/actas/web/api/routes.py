"""Every route of the management API, in one table: method, path, who may, and who answers.

The table is what is served, what is described (``openapi``) and what the tests go through, role by role.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final

from actas.admin.authority import CHANGES
from actas.admin.objects import KINDS, SWITCHED, ObjectKind
from actas.core.administrators import Role
from actas.web.api import connections, files, impersonations, objects, people, questions, resources
from actas.web.api.call import Call, Desk, Reply

BASE: Final = "/api/v1"

Handler = Callable[[Desk, Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route.

    Attributes:
        path: below ``BASE``, with its variable parts in braces.
        kind: the kind of object it is about.
        role: the least role that may; what is beyond it object by object, ``admin.authority`` refuses.
        answers: its own documentation is the summary.
        query: the parameters it knows.
        body: the name of what it takes.
        gives: the name of what it returns with 200 or 201.
        conditional: whether it wants ``If-Match`` or ``If-None-Match``.
    """

    method: str
    path: str
    role: Role
    answers: Handler
    gives: str | None
    kind: ObjectKind | None = None
    query: tuple[str, ...] = ()
    body: str | None = None
    conditional: bool = False

    @property
    def operation(self) -> str:
        """The name of the operation, for generated clients."""
        return f"{self.answers.__name__}_{self.kind}" if self.kind else self.answers.__name__


def _of_kind(kind: ObjectKind, change: Role) -> Iterator[Route]:
    one = f"/{kind}/{{name}}"
    yield Route(
        method="GET",
        path=f"/{kind}",
        role="auditor",
        answers=objects.listed,
        gives="ObjectList",
        kind=kind,
        query=("limit", "cursor", "kept_by"),
    )
    yield Route(method="GET", path=one, role="auditor", answers=objects.show, gives="Object", kind=kind)
    yield Route(
        method="PUT",
        path=one,
        role=change,
        answers=objects.put,
        gives="Object",
        kind=kind,
        query=("dry_run",),
        body=kind,
        conditional=True,
    )
    yield Route(
        method="DELETE",
        path=one,
        role=change,
        answers=objects.delete,
        gives=None,
        kind=kind,
        conditional=True,
    )
    if kind in SWITCHED:
        for answers in (objects.disable, objects.enable):
            yield Route(
                method="POST",
                path=f"{one}/{answers.__name__}",
                role=change,
                answers=answers,
                gives="Object",
                kind=kind,
            )


ROUTES: Final[tuple[Route, ...]] = (
    Route(method="GET", path="/whoami", role="auditor", answers=questions.whoami, gives="Whoami"),
    Route(method="GET", path="/configuration", role="auditor", answers=questions.state, gives="State"),
    *(route for kind in KINDS for route in _of_kind(kind, CHANGES[kind])),
    Route(
        method="POST",
        path="/clients/{name}/secrets",
        role="operator",
        answers=objects.make_secret,
        gives="MadeSecret",
        kind="clients",
        body="MakeSecret",
    ),
    Route(
        method="DELETE",
        path="/clients/{name}/secrets/earlier",
        role="operator",
        answers=objects.end_earlier,
        gives="Object",
        kind="clients",
    ),
    Route(
        method="GET",
        path="/apis/{name}/resource-metadata",
        role="auditor",
        answers=resources.resource_metadata,
        gives="ResourceMetadata",
        kind="apis",
    ),
    Route(
        method="POST",
        path="/users/{name}/reset",
        role=CHANGES["users"],
        answers=people.reset,
        gives="UserReset",
        kind="users",
        body="ResetUser",
    ),
    Route(
        method="GET",
        path="/who-can",
        role="auditor",
        answers=questions.who_can,
        gives="WhoCan",
        query=("api", "scope"),
    ),
    Route(
        method="GET",
        path="/connections/{name}/health",
        role="auditor",
        answers=connections.health,
        gives="ConnectionHealth",
        kind="connections",
    ),
    Route(
        method="GET",
        path="/connections-health",
        role="auditor",
        answers=connections.health_of_all,
        gives="HealthOfConnections",
    ),
    Route(
        method="POST",
        path="/connections/{name}/try",
        role="auditor",
        answers=connections.try_connection,
        gives="TriedConnection",
        body="TryConnection",
    ),
    Route(
        method="POST",
        path="/try-grant",
        role="auditor",
        answers=connections.try_grant,
        gives="TriedGrant",
        body="TryGrant",
    ),
    Route(method="POST", path="/run-tests", role="auditor", answers=questions.run_tests, gives="TestResults"),
    Route(
        method="GET",
        path="/impersonations",
        role="auditor",
        answers=impersonations.impersonations,
        gives="Impersonations",
        query=("limit", "cursor"),
    ),
    Route(
        method="GET",
        path="/impersonations/{name}",
        role="auditor",
        answers=impersonations.impersonation,
        gives="Impersonation",
    ),
    Route(
        method="POST",
        path="/impersonations/{name}/end",
        role="operator",
        answers=impersonations.end_impersonation,
        gives="Impersonation",
        body="EndImpersonation",
    ),
    Route(method="POST", path="/plan", role="auditor", answers=files.plan, gives="Plan", body="Files"),
    Route(method="POST", path="/apply", role="operator", answers=files.apply, gives="Applied", body="Files"),
    Route(
        method="GET",
        path="/export",
        role="auditor",
        answers=files.export,
        gives="Export",
        query=("kind", "kept_by"),
    ),
)
"""Every route but the description of them all, which anybody may read."""
