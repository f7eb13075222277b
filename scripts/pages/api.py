"""``api.md``: every route of the management API, from the table that is served."""

from __future__ import annotations

from typing import Final

from scripts.pages.markdown import code, page, table

from actas.admin.authority import CHANGES
from actas.admin.roles import management_api
from actas.core.administrators import ROLES
from actas.web.api.routes import BASE, ROUTES, Route

INTRODUCTION: Final = f"""
The management API is below `{BASE}` on the public listener. `GET {BASE}/openapi.json` describes it
(OpenAPI 3.1), to anybody; every other route wants a token.

A token is asked for at the token endpoint like any other: by a client for itself, with client credentials
and the `audience` that is the issuer followed by `/api`; or by an app with `sign_in.management` to which a
person signed in, with that as the `resource`. Who holds a role, [`admins`](configuration.md#admins) says.
What they may do is looked up at every request, so that whoever loses a role loses it at once. A token in
which somebody acts for another is refused. One that is bound to a key is taken with proof of it.
"""

CHANGING: Final = """
A document is what would stand in the configuration file, as JSON. Unknown fields are refused, and every
change is checked together with everything else, exactly as files are at a start: `422 invalid_configuration`
has every fault. A change names the version that was looked at, so that none is lost: `If-Match` with the
`ETag` of the object, or `If-None-Match: *` for a new one; without either the answer is `428`, and `412` when
somebody came first.

What a file keeps is changed in that file (`409 conflict`); it can be disabled and enabled here, which no file
undoes. The name of a client, an API or an issuer that was deleted is never given again.

Lists are pages: `items`, and `next`, which is the `cursor` of the following page, or null. A request has at
most 1 MiB.
"""

ERRORS: Final = """
A refusal is JSON as at the token endpoint: `error`, `error_description`, `error_uri` ([reasons](errors.md)),
and to whoever was let in also `detail`, and `faults` when a configuration would not hold. The header
`Actas-Entry` names its entry in the audit log.
"""


def make() -> str:
    """Return the page."""
    api = management_api("")
    roles = (
        (code(role), code(f"actas:{role}"), api.scopes[f"actas:{role}"], _changes(role)) for role in ROLES
    )
    routes = ((code(one.method), code(one.path), code(one.role), _says(one)) for one in ROUTES)
    return page(
        "Management API",
        INTRODUCTION,
        "## Roles",
        table(("Role", "Scope", "May", "Changes"), roles),
        "Each role holds what the one before it does. Nobody changes a client that holds a higher role, "
        "nor the issuer by whose tokens such a client authenticates; disabling that issuer is open to an "
        "operator. A `client_secret` by which another server knows this one (`redeem` of a connection, "
        "`sign_in` of an issuer) is sent there: which one it is, and the addresses beside it, an owner says; "
        "the rest of such an object, and `private_key_jwt`, are open to an operator.",
        "## Routes",
        table(("Method", "Path", "Role", "Says"), routes),
        "## Changing objects",
        CHANGING,
        "## Errors",
        ERRORS,
    )


def _changes(role: str) -> str:
    kinds = [code(kind) for kind, wanted in CHANGES.items() if wanted == role]
    return ", ".join(kinds) or "nothing"


def _says(route: Route) -> str:
    return (route.answers.__doc__ or "").strip().split("\n")[0].replace("``", "`")
