"""What all forms of the configuration share: strictness, what comes later, and values of two shapes."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self, cast, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from actas.core.secret import Secret
from actas.settings.values import VARIABLE, FilePath, Instant, wrong


class Form(BaseModel):
    """A mapping of the configuration. Unknown keys are refused and nothing is converted.

    Attributes:
        later: keys of the product's design that this release does not have. They get a sentence of
            their own, because they are not mistakes.
        later_words: the same for words in its fields.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)

    later: ClassVar[frozenset[str]] = frozenset()
    later_words: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        # Defaults are constructed without validation, so only what somebody wrote comes here (SEC-02).
        if not self.model_fields_set:
            wrong("is empty; give it a field, or leave it out")
        return self


class OneOrMany:
    """A list that may be written as its only item."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._wrap, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}

    @staticmethod
    def _wrap(value: object) -> object:
        return cast("object", value) if isinstance(value, list) else [value]


class OrWord:
    """A mapping in whose place one word may stand.

    ``Annotated[<mapping> | Literal["same"], OrWord("same")]``.

    Args:
        word: the word; it is kept as it is.
    """

    def __init__(self, word: str) -> None:
        self._word = word

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        mapping = get_args(source)[0]
        return core_schema.no_info_wrap_validator_function(self._check, handler.generate_schema(mapping))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"const": self._word}, handler(schema)]}

    def _check(self, value: object, handler: core_schema.ValidatorFunctionWrapHandler) -> Any:
        if isinstance(value, str) and value != self._word:
            wrong(f'must be a mapping, or the word "{self._word}"')
        return value if isinstance(value, str) else handler(value)


class Reference(Form):
    """Where a secret is kept: never in the file itself."""

    env: Annotated[str, VARIABLE] | None = Field(
        default=None, description="The environment variable that holds the secret."
    )
    file: Annotated[str, FilePath()] | None = Field(
        default=None,
        description="The file that holds the secret, readable by its owner only. A relative path starts at "
        "the folder of this file, or at the systemd credentials directory.",
    )

    ways: ClassVar[str] = "{ env: NAME } or { file: PATH }"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (
            sum(getattr(self, name, None) is not None for name in ("env", "file", "generated", "provider"))
            != 1
        ):
            wrong(f"say where it is kept, in one way: {self.ways}")
        return self


class ClientReference(Reference):
    """Where a client's secret is kept, and until when it is accepted."""

    ways: ClassVar[str] = "{ env: NAME }, { file: PATH } or { generated: true }"

    generated: Literal[True] | None = Field(
        default=None,
        description="The server makes the secret and keeps a keyed digest of it: "
        "`actas clients rotate-secret` shows it once. Until then the client has none.",
    )
    until: Annotated[int, Instant()] | None = Field(
        default=None,
        description='When it ends, while another takes its place: `"2026-12-31T00:00:00Z"`. Default: it does '
        "not.",
    )


class WrittenSecret:
    """A secret that somebody wrote into the file. ``check`` refuses it, or warns with ``--dev``."""

    __slots__ = ("secret",)

    def __init__(self, secret: Secret) -> None:
        self.secret = secret


class OrWritten:
    """Takes a text where a reference belongs, so that the fault says what to do instead.

    Args:
        form: of the reference.
    """

    def __init__(self, form: type[Reference]) -> None:
        self._form = form

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._check, handler(self._form))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema)

    @staticmethod
    def _check(value: object, handler: core_schema.ValidatorFunctionWrapHandler) -> Any:
        return WrittenSecret(Secret(value)) if isinstance(value, str) else handler(value)


SecretSource = Annotated[Reference | WrittenSecret, OrWritten(Reference)]
"""A reference to a secret; a text is kept apart until ``check`` has spoken."""

ClientSecretSource = Annotated[ClientReference | WrittenSecret, OrWritten(ClientReference)]
"""The same for a client's secret, which the server can also make, and which may have an end."""


class PublicFile(Form):
    """A file with public keys."""

    file: Annotated[str, FilePath()] = Field(
        description="A file with one JSON Web Key or a JWK set, public members only. A relative path starts "
        "at the folder of this file, or at the systemd credentials directory."
    )


def shape(value: object) -> str:
    """Return which form a value that may be a mapping or names has."""
    return "mapping" if isinstance(value, dict) else "names"
