"""The form of where the envelope key is: in a file, in the environment, or wrapped by a key service."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from actas.settings.addresses import HttpsUrl
from actas.settings.forms import OrWritten, Reference, SecretSource, WrittenSecret
from actas.settings.values import Label, Pattern, wrong

_SEGMENT: Final = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9_.-]{1,100}"
PATH: Final = Pattern(
    rf"{_SEGMENT}(?:/{_SEGMENT}){{0,7}}",
    "must be a path of A-Z, a-z, 0-9, '.', '_' and '-', without a slash at its ends",
)
REGION: Final = Pattern(r"[a-z0-9-]{1,63}", "must be a region, such as eu-central-1")

_OF: Final = {
    "aws-kms": frozenset({"key", "region", "address"}),
    "vault-transit": frozenset({"key", "address", "mount", "namespace", "token"}),
}
"""The fields of each provider."""

_NEEDED: Final = {"aws-kms": ("key",), "vault-transit": ("address", "key", "token")}


class Envelope(Reference):
    """Where the envelope key is: `file`, `env`, or the fields of a key service."""

    ways: ClassVar[str] = "{ file: PATH }, { env: NAME } or { provider: …, key: … }"
    later_words: ClassVar[frozenset[str]] = frozenset({"gcp-kms", "azure-key-vault"})

    provider: Literal["aws-kms", "vault-transit"] | None = Field(
        default=None,
        description="A key service. The server makes the key, and keeps it in the database as the service "
        "wrapped it; when it starts, it asks the service to unwrap it. `aws-kms` needs `actas[aws]`.",
    )
    key: Annotated[str, Label()] | None = Field(
        default=None,
        description="Which key of the service: the ARN, id or alias of a symmetric key of AWS KMS, or the "
        "name of a key of Vault's transit engine.",
        examples=["alias/actas"],
    )
    address: Annotated[str, HttpsUrl(slash=False)] | None = Field(
        default=None,
        description="Where the service is: of Vault; of AWS KMS only when it is not the region's own, as "
        "with an endpoint in a private network. It may have an address that is not public.",
        examples=["https://vault.acme.example:8200"],
    )
    region: Annotated[str, REGION] | None = Field(
        default=None,
        description="The region of AWS KMS. Default: that of the ARN, else what the AWS SDK finds.",
    )
    mount: Annotated[str, PATH] | None = Field(
        default=None, description="Where Vault's transit engine is mounted. Default: `transit`."
    )
    namespace: Annotated[str, PATH] | None = Field(
        default=None, description="The namespace of Vault Enterprise or OpenBao. Default: none."
    )
    token: SecretSource | None = Field(
        default=None,
        description="What Vault knows the server by: `{ file: PATH }`, such as the sink of Vault Agent, or "
        "`{ env: NAME }`. Read when the server starts.",
    )

    @model_validator(mode="after")
    def _of_one_provider(self) -> Self:
        given = self.model_fields_set - {"env", "file", "provider"}
        if self.provider is None:
            if given:
                wrong(f"{min(given)} belongs to a key service: say which provider")
            return self
        strange = given - _OF[self.provider]
        if strange:
            wrong(f"{min(strange)} is no field of {self.provider}")
        missing = [name for name in _NEEDED[self.provider] if getattr(self, name) is None]
        if missing:
            wrong(f"{self.provider} needs {' and '.join(missing)}")
        if self.provider == "vault-transit" and "/" in (self.key or ""):
            wrong("key is the name of a key of the transit engine, without a path")
        return self


EnvelopeForm = Annotated[Envelope | WrittenSecret, OrWritten(Envelope)]
"""Where the envelope key is; a text is kept apart until ``check`` has spoken."""
