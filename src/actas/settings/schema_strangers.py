"""The forms of clients that nobody listed: those that publish what they are, or register themselves."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from actas.clients.document import LONGEST_ID, SCHEME
from actas.settings.addresses import HttpsUrl
from actas.settings.forms import Form, OneOrMany, SecretSource
from actas.settings.schema_parties import GrantWord, LabelText, MayRequest
from actas.settings.values import Duration, Name, Pattern, Word, wrong

ANY = "any"
"""Whoever publishes a document, on whatever host."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HOST: Final = Pattern(
    rf"any|localhost|(?:\*\.)?(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})+",
    "is neither a host in lower case, such as agents.example, nor all below one (*.agents.example), nor any",
)


class DocumentId(HttpsUrl):
    """The ``client_id`` of a client that publishes what it is: the address of its document."""

    def __init__(self) -> None:
        super().__init__(slash=True)

    def read(self, text: str) -> str:
        super().read(text)
        if not text.startswith(SCHEME) or len(text) > LONGEST_ID:
            wrong(f"must be https, and at most {LONGEST_ID} characters long")
        return text


class ClientName(Word):
    """What rules call a client: its name, or the address of the document by which it is known."""

    _NAME = Name()
    _DOCUMENT = DocumentId()

    def read(self, text: str) -> str:
        return self._DOCUMENT.read(text) if text.startswith(SCHEME) else self._NAME.read(text)

    def schema(self) -> dict[str, Any]:
        return {"maxLength": LONGEST_ID, "pattern": r"^(?:[a-z0-9][a-z0-9._-]{0,62}|https://\S+)$"}


REGISTERED: Final = Pattern(
    r"Reg-[A-Za-z0-9_-]{20,60}", "is no client_id of a client that registered itself, such as Reg-4f…"
)


def _usual_grants() -> list[GrantWord]:
    return ["authorization_code", "refresh_token"]


def _registered_grants() -> list[Literal["authorization_code", "refresh_token"]]:
    return ["authorization_code", "refresh_token"]


class ClientDocumentsForm(Form):
    """Clients that publish what they are (Client ID Metadata Documents): whose, and what they may ask for."""

    hosts: Annotated[list[Annotated[str, HOST]], Field(min_length=1, max_length=1000), OneOrMany()] | None = (
        Field(
            default=None,
            description="Whose documents are read: hosts, `*.` and a domain for all below it, or `any`. "
            "Default: nobody's.",
            examples=[["agents.example", "*.tools.example"]],
        )
    )
    refuse: Annotated[list[Annotated[str, DocumentId()]], Field(min_length=1, max_length=10_000)] | None = (
        Field(default=None, description="Documents that are not read all the same, each as its `client_id`.")
    )
    kind: Literal["app", "agent"] = Field(default="app", description="What such clients are.")
    grants: Annotated[list[GrantWord], Field(min_length=1, max_length=6)] = Field(
        default_factory=_usual_grants,
        description="The grants that they may use, as far as their documents list them. Those without a key "
        "have only what a person let them have, whatever stands here. Default: `authorization_code` and "
        "`refresh_token`.",
    )
    may_request: MayRequest | None = Field(
        default=None, description="What they may ask for at all. Default: nothing but who signed in."
    )
    groups: Annotated[list[LabelText], Field(min_length=1, max_length=256)] | None = Field(
        default=None,
        description="Only people in one of these groups may sign in to them. Default: everybody.",
    )


class ClientRegistrationForm(Form):
    """Clients that register themselves (RFC 7591): whether they may, and what they may ask for."""

    open: bool = Field(
        default=False, description="Whether anybody may register a client. `token` is the better way."
    )
    token: SecretSource | None = Field(
        default=None,
        description="The initial access token with which clients are registered: `{ env: NAME }` or "
        "`{ file: PATH }`. Default: nobody registers any, unless it is `open`.",
    )
    kind: Literal["app", "agent"] = Field(default="app", description="What such clients are.")
    grants: Annotated[
        list[Literal["authorization_code", "refresh_token"]], Field(min_length=1, max_length=2)
    ] = Field(
        default_factory=_registered_grants,
        description="The grants that they may register for. They never exchange tokens. Default: both.",
    )
    may_request: MayRequest | None = Field(
        default=None, description="What they may ask for at all. Default: nothing but who signed in."
    )
    groups: Annotated[list[LabelText], Field(min_length=1, max_length=256)] | None = Field(
        default=None,
        description="Only people in one of these groups may sign in to them. Default: everybody.",
    )
    refuse: Annotated[list[Annotated[str, REGISTERED]], Field(min_length=1, max_length=10_000)] | None = (
        Field(default=None, description="Clients that registered and are refused, each by its `client_id`.")
    )
    most: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1000, description="How many such clients there may be."
    )
    unused_for: Annotated[int, Duration(3600, 365 * 24 * 3600)] = Field(
        default=30 * 24 * 3600,
        description="After which time a client ends that nobody used. One that was never used ends after a "
        "day.",
    )
