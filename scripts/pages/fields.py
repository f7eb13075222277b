"""Fields of the configuration, from its JSON Schema: the path, the value in words and the meaning of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from scripts.pages.markdown import code, table

from actas.settings import addresses, schema_envelope, schema_strangers, values
from actas.settings.schema_json import json_schema

Schema = Mapping[str, Any]

_INLINE: Final = {
    "Reference": "`{ env: NAME }` or `{ file: PATH }`",
    "ClientReference": "`{ env: NAME }`, `{ file: PATH }` or `{ generated: true }`",
    "PublicFile": "`{ file: PATH }`",
    "CertificateFile": "`{ file: PATH }`",
    "CheckpointCopy": "`{ file: PATH }`",
    "ClientKinds": "`{ kinds: […] }`",
}
"""Small mappings that are written where they stand. The page explains them once."""

_PATTERNS: Final = {
    values.Name().schema()["pattern"]: "name",
    values.Label().schema()["pattern"]: "text",
    values.Scope().schema()["pattern"]: "scope",
    values.ScopeList().schema()["pattern"]: "scopes in one text",
    values.MEDIA_TYPE.schema()["pattern"]: "media type",
    values.EMAIL.schema()["pattern"]: "e-mail address",
    addresses.RedirectUri().schema()["pattern"]: "redirect address",
    values.VARIABLE.schema()["pattern"]: "variable",
    values.CLAIM.schema()["pattern"]: "claim name",
    addresses.Listen().schema()["pattern"]: "address and port",
    addresses.HttpsUrl().schema()["pattern"]: "https address",
    addresses.Issuer().schema()["pattern"]: "issuer identifier",
    addresses.Host().schema()["pattern"]: "host",
    values.Rate().schema()["pattern"]: "rate",
    values.Instant().schema()["pattern"]: "instant",
    addresses.Network().schema()["pattern"]: "network or address",
    addresses.DOMAIN.schema()["pattern"]: "domain",
    schema_strangers.HOST.schema()["pattern"]: "host, or `*.` and a domain, or `any`",
    schema_strangers.REGISTERED.schema()["pattern"]: "client_id of a client that registered itself",
    schema_strangers.ClientName().schema()["pattern"]: "name, or the address of a client's document",
    schema_envelope.PATH.schema()["pattern"]: "path of names",
    schema_envelope.REGION.schema()["pattern"]: "region",
}
_DURATION: Final = values.Duration(1, 86400).schema()["pattern"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field.

    Attributes:
        path: below the section or item, such as ``token.lifetime``.
        value: what may be written, in words.
        default: what holds when it is left out; empty when nothing does or the meaning says it.
        meaning: what it is for.
    """

    path: str
    value: str
    default: str
    meaning: str


class Fields:
    """The fields of every form."""

    def __init__(self) -> None:
        self._whole: Schema = json_schema()
        self._forms: Mapping[str, Schema] = self._whole["$defs"]

    def meaning(self, section: str) -> str:
        """Return what a section is for."""
        return str(self._whole["properties"][section]["description"])

    def rows(self, form: str, *, prefix: str = "", told: dict[str, str] | None = None) -> Iterator[Row]:
        """Yield every field of a form, and of the mappings in it.

        A mapping that has the fields of one before it has one row for all of them, which says so.

        Args:
            form: the name of its class.
            prefix: what the paths start with.
            told: where the fields of a mapping were told already, by its form.
        """
        told = {} if told is None else told
        schema = self._forms[form]
        required = schema.get("required", ())
        for name, field in schema["properties"].items():
            path = f"{prefix}{name}"
            default = field.get("default")
            yield Row(
                path=path,
                value=self.words(field),
                default="**required**" if name in required else "" if default is None else _written(default),
                meaning=str(field["description"]),
            )
            inner = _form_of(field)
            if inner is None or inner in _INLINE:
                continue
            if inner in told:
                yield Row(path=f"{path}.*", value="", default="", meaning=f"As {code(f'{told[inner]}.*')}.")
                continue
            told[inner] = path
            yield from self.rows(inner, prefix=f"{path}.", told=told)

    def variants(self, form: str, field: str) -> Iterator[tuple[str, str, str]]:
        """Yield the forms that a field may have: the deciding word, the form's name, its meaning."""
        mapping = self._forms[form]["properties"][field]["discriminator"]["mapping"]
        for word, reference in sorted(mapping.items()):
            name = reference.rpartition("/")[2]
            yield word, name, str(self._forms[name]["description"])

    def table(self, form: str, *, prefix: str = "") -> str:
        """Return a table of every field of a form."""
        return table(
            ("Field", "Value", "Default", "Meaning"),
            ((code(row.path), row.value, row.default, row.meaning) for row in self.rows(form, prefix=prefix)),
        )

    def words(self, schema: Schema) -> str:
        """Return what may be written, in words."""
        if "$ref" in schema:
            return _INLINE.get(_name_of(schema), "mapping")
        if "discriminator" in schema:
            return f"mapping, by its `{schema['discriminator']['propertyName']}`"
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return _either([self.words(one) for one in schema[key]])
        if "const" in schema:
            return code(str(schema["const"]))
        if "enum" in schema:
            return _choice(schema["enum"])
        return self._typed(schema)

    def _typed(self, schema: Schema) -> str:
        match schema.get("type"):
            case "array":
                return f"list of {self.words(schema['items'])}"
            case "object":
                key = self.words({"type": "string", **schema.get("propertyNames", {})})
                inner = schema.get("additionalProperties")
                return f"mapping of {key} to {'anything' if inner is True else self.words(inner or {})}"
            case "boolean":
                return "`true` · `false`"
            case "integer":
                return f"{schema['minimum']} to {schema['maximum']}"
            case _:
                return _text(schema)


def _text(schema: Schema) -> str:
    pattern = schema.get("pattern")
    if pattern == _DURATION:
        return f"duration, at most {schema['examples'][0]}"
    if pattern is not None:
        return _PATTERNS[pattern]
    most = schema.get("maxLength")
    if most == values.FilePath().schema()["maxLength"]:
        return "path"
    return "text" if most is None else f"text, at most {most} characters"


def _either(ways: list[str]) -> str:
    first, *others = dict.fromkeys(ways)
    if others == [f"list of {first}"]:
        return f"{first} or a list of them"
    return " or ".join([first, *others])


def _choice(words: list[str]) -> str:
    if len(words) > 8:
        return "one of a closed set"
    return " · ".join(code(word) for word in words)


def _written(default: object) -> str:
    if isinstance(default, bool):
        return "`true`" if default else "`false`"
    return code(str(default))


def _name_of(schema: Schema) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _form_of(schema: Schema) -> str | None:
    """Return the form of a mapping field, or of the items of a list field, or of a mapping of mappings."""
    if "$ref" in schema:
        return _name_of(schema)
    inner = schema.get("additionalProperties")
    if isinstance(inner, dict) and "$ref" in inner:
        return _name_of(inner)
    if schema.get("type") == "array" and "$ref" in schema["items"]:
        return _name_of(schema["items"])
    return None
