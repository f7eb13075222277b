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
from actas.web.api.routes import BASE, ROUTES, Route

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_TRUTH: Final[dict[str, Any]] = {"type": "boolean"}
_NUMBER: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}
_MAYBE_TEXT: Final[dict[str, Any]] = {"type": ["string", "null"]}
_ANY: Final[dict[str, Any]] = {"type": "object"}

_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "limit": {"schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}},
    "cursor": {"schema": _TEXT, "description": "`next` of the page before."},
    "kept_by": {
        "schema": {"enum": ["all", *KEEPERS], "default": "all"},
        "description": "Only what they keep.",
    },
    "kind": {"schema": _TEXT, "description": "Kinds between commas. Default: all."},
    "api": {"schema": _TEXT, "description": "The name of the target.", "required": True},
    "scope": {"schema": _TEXT, "description": "One scope of it."},
}


def _record(description: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "required": list(properties),
        "properties": properties,
    }


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_CHANGE: Final = _record(
    "What becomes of one object.",
    what=_TEXT,
    kind=_TEXT,
    name=_TEXT,
    before={"anyOf": [_ref("Object"), {"type": "null"}]},
    after={"anyOf": [_ref("Object"), {"type": "null"}]},
)

_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "Object": _record(
        "An object of the configuration, as it is kept.",
        kind=_TEXT,
        name=_TEXT,
        version=_NUMBER,
        kept_by={"enum": [*KEEPERS]},
        place=_MAYBE_TEXT,
        disabled=_TRUTH,
        in_force=_TRUTH,
        document=_ANY,
    ),
    "ObjectList": _record("A page of objects, by name.", items=_list(_ref("Object")), next=_MAYBE_TEXT),
    "Whoami": _record(
        "Who asks: a client for itself, or a person with a client.",
        client=_TEXT,
        person=_MAYBE_TEXT,
        role={"enum": [*ROLES]},
    ),
    "State": _record(
        "Which state of the configuration is kept, and which is in force in the process that answers.",
        generation=_NUMBER,
        in_force=_NUMBER,
        behind=_MAYBE_TEXT,
    ),
    "MakeSecret": {"type": "object", "properties": {"end_earlier": _TRUTH}, "additionalProperties": False},
    "MadeSecret": _record("A new secret, shown this once.", secret=_TEXT, client=_ref("Object")),
    "WhoCan": _record("Every way to an API.", api=_TEXT, scope=_MAYBE_TEXT, ways=_list(_ANY)),
    "TestResults": _record("Each policy test, with its problems.", tests=_list(_ANY)),
    "Files": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "objects": _list(
                _record("An object of a file.", kind=_TEXT, name=_TEXT, document=_ANY)
                | {"properties": {"kind": _TEXT, "name": _TEXT, "document": _ANY, "place": _TEXT}}
            ),
            "adopt": _TRUTH,
            "prune": _TRUTH,
            "generation": {**_NUMBER, "description": "The state that the plan was made on."},
        },
    },
    "Plan": _record(
        "What files would change.",
        generation=_NUMBER,
        changes=_list(_CHANGE),
        conflicts=_list(_ANY),
        tests=_list(_ANY),
    ),
    "Applied": _record("What files changed.", generation=_NUMBER, changes=_list(_CHANGE)),
    "Export": _record("What is kept, as a configuration file.", generation=_NUMBER, configuration=_ANY),
    "Impersonation": _record(
        "Somebody who acts, or acted, as somebody else.",
        id=_TEXT,
        state={"enum": [*get_args(State)]},
        administrator=_record("Who acts.", iss=_TEXT, sub=_TEXT),
        subject=_record("As whom.", iss=_TEXT, sub=_TEXT),
        client=_TEXT,
        form={"enum": [*get_args(Form)]},
        reason=_TEXT,
        ticket=_TEXT,
        apis=_list(_TEXT),
        scope=_TEXT,
        names_actor=_TRUTH,
        approval=_list(_TEXT),
        requested_at=_NUMBER,
        began_at={"type": ["integer", "null"]},
        until=_NUMBER,
        decided_by=_MAYBE_TEXT,
        ended_by=_MAYBE_TEXT,
        ended_why=_MAYBE_TEXT,
    ),
    "Impersonations": _record(
        "Impersonations, the newest first.", items=_list(_ref("Impersonation")), next=_MAYBE_TEXT
    ),
    "EndImpersonation": {"type": "object", "properties": {"reason": _TEXT}, "additionalProperties": False},
    "ResetUser": {
        "type": "object",
        "required": ["what", "reason"],
        "properties": {"what": _list({"enum": [*get_args(Lost)]}), "reason": _TEXT},
        "additionalProperties": False,
    },
    "UserReset": _record("What was taken away from a person.", name=_TEXT, removed=_list(_TEXT)),
    "Error": {
        "type": "object",
        "description": "A refusal.",
        "required": ["error", "error_description", "error_uri"],
        "properties": {
            "error": _TEXT,
            "error_description": _TEXT,
            "error_uri": _TEXT,
            "detail": {**_TEXT, "description": "The same in full, for whoever was let in."},
            "faults": _list(_record("A fault.", place=_TEXT, path=_TEXT, message=_TEXT, severity=_TEXT)),
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
    parameters = [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in names]
    parameters += [{"name": name, "in": "query", **_PARAMETERS[name]} for name in route.query]
    if route.conditional:
        named = ("If-Match", "If-None-Match") if route.method == "PUT" else ("If-Match",)
        parameters += [{"name": name, "in": "header", "schema": _TEXT} for name in named]
    answer: dict[str, Any] = {"description": "Done."}
    if route.gives is not None:
        answer = {
            "description": "The answer.",
            "content": {"application/json": {"schema": _ref(route.gives)}},
        }
    error = {"description": "Refused.", "content": {"application/json": {"schema": _ref("Error")}}}
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
        return _ref(name)
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
