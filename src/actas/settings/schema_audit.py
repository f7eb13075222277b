"""The form of the section ``audit``: checkpoints, and the sinks that copies of the log go to."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from actas.audit.formats.catalog import SinkFormatName
from actas.audit.query import LONGEST, BadQuery, read_query
from actas.settings.addresses import HttpsUrl
from actas.settings.forms import Form, OneOrMany, SecretSource
from actas.settings.values import Duration, FilePath, Name, Word, wrong


class QueryText(Word):
    """A query of ``actas audit search``."""

    def read(self, text: str) -> str:
        try:
            read_query(text)
        except BadQuery as bad:
            wrong(str(bad))
        return text

    def schema(self) -> dict[str, Any]:
        return {"maxLength": LONGEST}


class CheckpointCopy(Form):
    """One more place for checkpoints."""

    file: Annotated[str, FilePath()] = Field(
        description="The file to append to. A relative path starts at the folder of this file."
    )


class Checkpoint(Form):
    """Signed statements of how far the audit log has come."""

    every: Annotated[int, Duration(10, 24 * 3600)] = Field(
        default=300, description="How often a checkpoint is signed."
    )
    also_to: list[CheckpointCopy] | None = Field(
        default=None,
        min_length=1,
        max_length=8,
        description="Files outside the data folder to which each checkpoint is also appended, so that a cut "
        "at the end of the log is seen. One file is for one log: name another when `store` changes.",
    )


class Rotation(Form):
    """When a file is moved aside and a new one begun."""

    megabytes: int = Field(
        ge=1,
        le=1_000_000,
        description="From this size on; the file that was moved aside has the time at the end of its name.",
    )
    keep: int | None = Field(
        default=None, ge=1, le=100_000, description="How many of those stay, the newest. Default: all."
    )


class Reserve(Form):
    """How far a sink may fall behind."""

    age: Annotated[int, Duration(60, 30 * 24 * 3600)] = Field(
        default=24 * 3600, description="For how long it may take nothing of what waits for it."
    )
    megabytes: int = Field(
        default=1000, ge=1, le=10_000_000, description="How much may wait for it while it takes nothing."
    )


class SinkForm(Form):
    """A place where copies of the audit log go."""

    name: Annotated[str, Name()] = Field(
        description="What it is called. How far it has come is remembered under its name."
    )
    format: SinkFormatName = Field(
        default="json",
        description="What an entry becomes: `json`, the entry as it is kept, byte for byte; `cloudevents`, "
        "`ocsf`, `ecs` or `cef`.",
    )
    filter: Annotated[str, QueryText()] | None = Field(
        default=None,
        description="Only entries that a query finds, in the language of `actas audit search`. Default: all. "
        "What is left out leaves gaps in the numbers.",
        examples=["outcome:refused"],
    )
    file: Annotated[str, FilePath()] | None = Field(
        default=None,
        description="The file that gets a line for each entry. Its folder must be there. A relative path "
        "starts at the folder of this file.",
    )
    rotate: Rotation | None = Field(
        default=None, description="When the file is moved aside. Default: never; logrotate may do it too."
    )
    webhook: Annotated[str, HttpsUrl(query=True)] | None = Field(
        default=None,
        description="The address that gets entries by POST, many at a time, signed as Standard Webhooks "
        "says. An address that is not public is reached only when `server.private_hosts` names its host.",
        examples=["https://siem.acme.example/in"],
    )
    stdout: Literal[True] | None = Field(
        default=None,
        description="Standard output gets a line for each entry; the server's own messages do not go there.",
    )
    secret: Annotated[list[SecretSource], OneOrMany(), Field(min_length=1, max_length=2)] | None = Field(
        default=None,
        description="What a webhook is signed with: `whsec_` and 24 to 64 bytes in base64. While it is "
        "changed there are two, and both sign.",
        examples=[{"env": "SIEM_SECRET"}],
    )
    batch: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="The most entries in one request to a webhook, which has half a megabyte at most. "
        "Default: 100.",
    )

    required: bool = Field(
        default=True,
        description="Whether nothing is issued any more once the reserve is used up. With `false` the server "
        "goes on however far the sink is behind.",
    )
    reserve: Reserve = Field(
        default_factory=Reserve.model_construct,
        description="How far it may fall behind before that. At half of it there is an alarm.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.file, self.webhook, self.stdout)) != 1:
            wrong("say where it leads, in one way: file, webhook or stdout")
        if (self.webhook is None) != (self.secret is None):
            wrong("webhook and secret come together")
        if self.rotate is not None and self.file is None:
            wrong("rotate is for a file")
        if self.batch is not None and self.webhook is None:
            wrong("batch is for a webhook")
        return self


class Audit(Form):
    """The audit log. When it cannot be written, nothing is issued."""

    later = frozenset({"keep"})

    store: Literal["files", "database"] | None = Field(
        default=None,
        description="Where the log is kept: in `files` in the data folder of each node, or in the `database` "
        "that nodes share. Default: in the database when `server.database` names a PostgreSQL, in files "
        "otherwise.",
    )
    checkpoint: Checkpoint = Field(
        default_factory=Checkpoint.model_construct,
        description="Signed statements of how far the log has come.",
    )
    sinks: list[SinkForm] | None = Field(
        default=None,
        min_length=1,
        max_length=16,
        description="Where copies of every entry go, each stream in order and nothing left out. Changes take "
        "effect when the server starts again.",
    )
