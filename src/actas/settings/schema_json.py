"""The published JSON Schema: editors complete and check the file from its first line.

It is made from the forms and says what a form can say. What depends on other parts of the file is found
by ``actas check``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from actas.settings.schema import Configuration
from actas.settings.values import in_words

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the configuration file."""
    schema = Configuration.model_json_schema(schema_generator=_Schema, mode="validation")
    # One file of several need not hold what another holds; `actas check` sees them together.
    schema.pop("required")
    return {"$schema": DIALECT, "title": "Actas configuration", **_without_titles(schema)}


class _Schema(GenerateJsonSchema):
    """Says what may be written: never null, and mappings with the keys that a form allows."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = super().default_schema(schema)
        default = inner.get("default", ...)
        if default is None:
            del inner["default"]
        elif isinstance(default, int) and inner.get("type") == "string":
            inner["default"] = in_words(default)  # a duration is read as seconds and written with a unit
        return inner

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        patterns = made.pop("patternProperties", None)
        if patterns is not None:
            # pydantic lets keys that do not match pass; here they are faults.
            ((pattern, value),) = cast("dict[str, Any]", patterns).items()
            made["propertyNames"] = {**made.get("propertyNames", {}), "pattern": pattern}
            made["additionalProperties"] = value
        return made


def _without_titles(value: Any) -> Any:
    """Remove the titles that pydantic makes from names: they repeat the key."""
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        return {
            key: _without_titles(one)
            for key, one in mapping.items()
            if not (key == "title" and isinstance(one, str))
        }
    if isinstance(value, list):
        return [_without_titles(one) for one in cast("Iterable[Any]", value)]
    return value
