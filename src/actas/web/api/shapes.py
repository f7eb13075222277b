"""Shapes of JSON, for the description of the management API."""

from __future__ import annotations

from typing import Any, Final

TEXT: Final[dict[str, Any]] = {"type": "string"}
TRUTH: Final[dict[str, Any]] = {"type": "boolean"}
NUMBER: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}
MAYBE_TEXT: Final[dict[str, Any]] = {"type": ["string", "null"]}
ANY: Final[dict[str, Any]] = {"type": "object"}


def record(description: str, **properties: dict[str, Any]) -> dict[str, Any]:
    """Return an object whose members are all there."""
    return {
        "type": "object",
        "description": description,
        "required": list(properties),
        "properties": properties,
    }


def listed(of: dict[str, Any]) -> dict[str, Any]:
    """Return a list of things of one shape."""
    return {"type": "array", "items": of}


def ref(name: str) -> dict[str, Any]:
    """Return a shape that is described elsewhere, by its name."""
    return {"$ref": f"#/components/schemas/{name}"}
