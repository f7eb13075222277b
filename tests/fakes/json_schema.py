"""A checker for the part of JSON Schema (draft 2020-12) that our schema uses. An unknown keyword is an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
}
_SAYS_NOTHING: Final = {
    "$schema",
    "$defs",
    "title",
    "description",
    "default",
    "examples",
    "format",
    "discriminator",
}


def problems(schema: Any, value: Any, *, root: Any = None, path: str = "") -> Iterator[str]:
    """Yield what is wrong with ``value``."""
    root = schema if root is None else root
    if schema is True:
        return
    for keyword, wanted in schema.items():
        if keyword in _SAYS_NOTHING:
            continue
        check = _KEYWORDS[keyword]
        yield from check(wanted, value, schema, root, path)


def _ref(wanted: Any, value: Any, _schema: Any, root: Any, path: str) -> Iterator[str]:
    yield from problems(root["$defs"][wanted.removeprefix("#/$defs/")], value, root=root, path=path)


def _type(wanted: Any, value: Any, _schema: Any, _root: Any, path: str) -> Iterator[str]:
    if not isinstance(value, _TYPES[wanted]) or (wanted == "integer" and isinstance(value, bool)):
        yield f"{path}: is not {wanted}"


def _properties(wanted: Any, value: Any, _schema: Any, root: Any, path: str) -> Iterator[str]:
    for key, schema in wanted.items():
        if isinstance(value, dict) and key in value:
            yield from problems(schema, value[key], root=root, path=f"{path}.{key}")


def _additional(wanted: Any, value: Any, schema: Any, root: Any, path: str) -> Iterator[str]:
    for key, one in value.items() if isinstance(value, dict) else ():
        if key in schema.get("properties", {}):
            continue
        if wanted is False:
            yield f"{path}.{key}: is not known"
        else:
            yield from problems(wanted, one, root=root, path=f"{path}.{key}")


def _names(wanted: Any, value: Any, _schema: Any, root: Any, path: str) -> Iterator[str]:
    for key in value if isinstance(value, dict) else ():
        yield from problems(wanted, key, root=root, path=f"{path}.{key}")


def _items(wanted: Any, value: Any, _schema: Any, root: Any, path: str) -> Iterator[str]:
    for index, one in enumerate(value if isinstance(value, list) else ()):
        yield from problems(wanted, one, root=root, path=f"{path}[{index}]")


def _count(
    wanted: Any, value: Any, _schema: Any, root: Any, path: str, *, exactly: bool = False
) -> Iterator[str]:
    fits = sum(not list(problems(one, value, root=root, path=path)) for one in wanted)
    if fits == 0 or (exactly and fits > 1):
        yield f"{path}: fits {fits} of the alternatives"


def _holds(test: Callable[[Any, Any], bool]) -> Callable[..., Iterator[str]]:
    def check(wanted: Any, value: Any, _schema: Any, _root: Any, path: str) -> Iterator[str]:
        if not test(wanted, value):
            yield f"{path}: does not satisfy {wanted}"

    return check


_KEYWORDS: Final[dict[str, Callable[..., Iterator[str]]]] = {
    "$ref": _ref,
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "items": _items,
    "anyOf": _count,
    "oneOf": lambda *args: _count(*args, exactly=True),
    "required": _holds(lambda wanted, value: not isinstance(value, dict) or set(wanted) <= set(value)),
    "enum": _holds(lambda wanted, value: value in wanted),
    "const": _holds(lambda wanted, value: value == wanted),
    "pattern": _holds(
        lambda wanted, value: not isinstance(value, str) or re.search(wanted, value) is not None
    ),
    "minLength": _holds(lambda wanted, value: not isinstance(value, str) or len(value) >= wanted),
    "maxLength": _holds(lambda wanted, value: not isinstance(value, str) or len(value) <= wanted),
    "minimum": _holds(lambda wanted, value: not isinstance(value, int) or value >= wanted),
    "maximum": _holds(lambda wanted, value: not isinstance(value, int) or value <= wanted),
    "minItems": _holds(lambda wanted, value: not isinstance(value, list) or len(value) >= wanted),
    "maxItems": _holds(lambda wanted, value: not isinstance(value, list) or len(value) <= wanted),
    "minProperties": _holds(lambda wanted, value: not isinstance(value, dict) or len(value) >= wanted),
    "maxProperties": _holds(lambda wanted, value: not isinstance(value, dict) or len(value) <= wanted),
}
