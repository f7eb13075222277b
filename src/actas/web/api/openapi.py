"""The description of the management API (OpenAPI 3.1), made from the routes and the form of the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, cast, get_args

from actas.admin.objects import KEEPERS
from actas.core.administrators import ROLES, management_audience, scope_of
from actas.core.impersonation import Form, State
from actas.core.ports import JsonObject
from actas.signin.resetting import Lost
from actas.web.api.openapi_connections import OF_CONNECTIONS
from actas.web.api.routes import BASE, ROUTES, Route
from actas.web.api.shapes import ANY, MAYBE_TEXT, NUMBER, TEXT, TRUTH, listed, record, ref

_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "limit": {"schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}},
    "cursor": {"schema": TEXT, "description": "`next` of the page before."},
    "kept_by": {
        "schema": {"enum": ["all", *KEEPERS], "default": "all"},
        "description": "Only what they keep.",
    },
    "kind": {"schema": TEXT, "description": "Kinds between commas. Default: all."},
    "api": {"schema": TEXT, "description": "The name of the target.", "required": True},
    "scope": {"schema": TEXT, "description": "One scope of it."},
    "dry_run": {
        "schema": {"type": "boolean", "default": False},
        "description": "Make nothing: say what would be made, or why it is refused.",
    },
}


_CHANGE: Final = record(
    "What becomes of one object.",
    what=TEXT,
    kind=TEXT,
    name=TEXT,
    before={"anyOf": [ref("Object"), {"type": "null"}]},
    after={"anyOf": [ref("Object"), {"type": "null"}]},
)

_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "Object": record(
        "An object of the configuration, as it is kept.",
        kind=TEXT,
        name=TEXT,
        version=NUMBER,
        kept_by={"enum": [*KEEPERS]},
        place=MAYBE_TEXT,
        disabled=TRUTH,
        in_force=TRUTH,
        document=ANY,
    ),
    "ObjectList": record("A page of objects, by name.", items=listed(ref("Object")), next=MAYBE_TEXT),
    "Whoami": record(
        "Who asks: a client for itself, or a person with a client.",
        client=TEXT,
        person=MAYBE_TEXT,
        role={"enum": [*ROLES]},
    ),
    "State": record(
        "Which state of the configuration is kept, and which is in force in the process that answers.",
        generation=NUMBER,
        in_force=NUMBER,
        behind=MAYBE_TEXT,
    ),
    "MakeSecret": {"type": "object", "properties": {"end_earlier": TRUTH}, "additionalProperties": False},
    "MadeSecret": record("A new secret, shown this once.", secret=TEXT, client=ref("Object")),
    "WhoCan": record("Every way to an API.", api=TEXT, scope=MAYBE_TEXT, ways=listed(ANY)),
    **OF_CONNECTIONS,
    "ResourceMetadata": record(
        "What the keeper of an API publishes about it (RFC 9728): where, what, and how it challenges.",
        address=TEXT,
        document=ANY,
        challenge=TEXT,
    ),
    "TestResults": record("Each policy test, with its problems.", tests=listed(ANY)),
    "Files": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "objects": listed(
                record("An object of a file.", kind=TEXT, name=TEXT, document=ANY)
                | {"properties": {"kind": TEXT, "name": TEXT, "document": ANY, "place": TEXT}}
            ),
            "adopt": TRUTH,
            "prune": TRUTH,
            "generation": {**NUMBER, "description": "The state that the plan was made on."},
        },
    },
    "Plan": record(
        "What files would change.",
        generation=NUMBER,
        changes=listed(_CHANGE),
        conflicts=listed(ANY),
        tests=listed(ANY),
    ),
    "Applied": record("What files changed.", generation=NUMBER, changes=listed(_CHANGE)),
    "Export": record("What is kept, as a configuration file.", generation=NUMBER, configuration=ANY),
    "Impersonation": record(
        "Somebody who acts, or acted, as somebody else.",
        id=TEXT,
        state={"enum": [*get_args(State)]},
        administrator=record("Who acts.", iss=TEXT, sub=TEXT),
        subject=record("As whom.", iss=TEXT, sub=TEXT),
        client=TEXT,
        form={"enum": [*get_args(Form)]},
        reason=TEXT,
        ticket=TEXT,
        apis=listed(TEXT),
        scope=TEXT,
        names_actor=TRUTH,
        approval=listed(TEXT),
        requested_at=NUMBER,
        began_at={"type": ["integer", "null"]},
        until=NUMBER,
        decided_by=MAYBE_TEXT,
        ended_by=MAYBE_TEXT,
        ended_why=MAYBE_TEXT,
    ),
    "Impersonations": record(
        "Impersonations, the newest first.", items=listed(ref("Impersonation")), next=MAYBE_TEXT
    ),
    "EndImpersonation": {"type": "object", "properties": {"reason": TEXT}, "additionalProperties": False},
    "ResetUser": {
        "type": "object",
        "required": ["what", "reason"],
        "properties": {"what": listed({"enum": [*get_args(Lost)]}), "reason": TEXT},
        "additionalProperties": False,
    },
    "UserReset": record("What was taken away from a person.", name=TEXT, removed=listed(TEXT)),
    "Error": {
        "type": "object",
        "description": "A refusal.",
        "required": ["error", "error_description", "error_uri"],
        "properties": {
            "error": TEXT,
            "error_description": TEXT,
            "error_uri": TEXT,
            "detail": {**TEXT, "description": "The same in full, for whoever was let in."},
            "faults": listed(record("A fault.", place=TEXT, path=TEXT, message=TEXT, severity=TEXT)),
        },
    },
}


def document(*, issuer: str, configuration: JsonObject) -> JsonObject:
    """Return the description.

    Args:
        issuer: our own issuer identifier, below which the API is.
        configuration: the JSON Schema of the configuration.
    """
    definitions = cast("dict[str, Any]", configuration.get("$defs", {}))
    schemas = {**_SCHEMAS, **{name: _moved(one) for name, one in definitions.items()}}
    sections = cast("dict[str, Any]", configuration["properties"])
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, sections)
    scopes = ", ".join(f"`{scope_of(role)}`" for role in ROLES)
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Actas management API",
            "version": "1",
            "description": "A token for it is asked for at the token endpoint: client credentials, with "
            f"`audience` `{management_audience(issuer)}` and one of the scopes {scopes}.",
        },
        "servers": [{"url": f"{issuer}{BASE}"}],
        "security": [{"bearer": []}, {"dpop": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "dpop": {
                    "type": "http",
                    "scheme": "dpop",
                    "description": "A token that is bound to a key, with a proof of it in the header `DPoP` "
                    "(RFC 9449 section 7).",
                },
            },
        },
    }
    return whole


def _operation(route: Route, sections: dict[str, Any]) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", route.path)
    parameters = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]
    parameters += [{"name": name, "in": "query", **_PARAMETERS[name]} for name in route.query]
    if route.conditional:
        named = ("If-Match", "If-None-Match") if route.method == "PUT" else ("If-Match",)
        parameters += [{"name": name, "in": "header", "schema": TEXT} for name in named]
    answer: dict[str, Any] = {"description": "Done."}
    if route.gives is not None:
        answer = {
            "description": "The answer.",
            "content": {"application/json": {"schema": ref(route.gives)}},
        }
    error = {"description": "Refused.", "content": {"application/json": {"schema": ref("Error")}}}
    told: dict[str, Any] = {
        "operationId": route.operation,
        "summary": (route.answers.__doc__ or "").strip().split("\n")[0],
        "description": f"Wants the role {route.role}, or a higher one.",
        "parameters": parameters,
        "responses": {**dict.fromkeys(_statuses(route), answer), "default": error},
    }
    if route.body is not None:
        told["requestBody"] = {
            "required": route.body not in ("MakeSecret", "EndImpersonation"),
            "content": {"application/json": {"schema": _body(route.body, sections)}},
        }
    return told


def _statuses(route: Route) -> tuple[str, ...]:
    if route.gives is None:
        return ("204",)
    if route.method == "PUT":
        return ("200", "201")
    return ("201",) if route.gives == "MadeSecret" else ("200",)


def _body(name: str, sections: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a body: one of ours, or the form of an item of a section."""
    if name in _SCHEMAS:
        return ref(name)
    section = cast("dict[str, Any]", _moved(sections[name]))
    found = section.get("items", section)
    return cast("dict[str, Any]", found)


def _moved(value: Any) -> Any:
    """Return a schema whose references lead to the components of the description."""
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        return {key: _moved(one) for key, one in mapping.items()}
    if isinstance(value, list):
        return [_moved(one) for one in cast("Sequence[Any]", value)]
    if isinstance(value, str) and value.startswith("#/$defs/"):
        return value.replace("#/$defs/", "#/components/schemas/")
    return value
