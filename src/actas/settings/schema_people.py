"""The forms of who signs in here, and of how: users, and ``sign_in`` of issuers and of clients."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actas.settings.forms import Form, SecretSource
from actas.settings.schema_lives import ClientLives
from actas.settings.values import EMAIL, Label, Name, Prose

_Groups = Annotated[list[Annotated[str, Label()]], Field(min_length=1, max_length=256)]


class UserForm(Form):
    """A person who signs in here. Most people arrive from an issuer, and are not listed."""

    name: Annotated[str, Name()] = Field(
        description="What they type to sign in. Their subject is `actas:` and this name, for good: a name "
        "that was deleted is never given to another."
    )
    display_name: Annotated[str, Prose(200)] | None = Field(
        default=None, description="Their name for people to read. Default: `name`."
    )
    email: Annotated[str, EMAIL] | None = Field(
        default=None,
        description="Their e-mail address, for notices and for the scope `email`. Nobody is known by it.",
    )
    groups: _Groups | None = Field(default=None, description="The groups they are in. Default: none.")
    known_as: Annotated[dict[Annotated[str, Name()], Annotated[str, Label()]], Field(min_length=1)] | None = (
        Field(
            default=None,
            max_length=50,
            description="What they are called in other domains, by labels of your own that connections name "
            "(`identifiers`). No two users have one name under one label.",
            examples=[{"tickets": "T-1001"}],
        )
    )
    password: SecretSource | None = Field(
        default=None,
        description="Where their first password is kept: `{ env: NAME }` or `{ file: PATH }`, at least 10 "
        "characters. It counts until they set one themselves. Default: they have none.",
    )
    disabled: bool = Field(
        default=False, description="Lock them out: what they hold ends for good, and they cannot sign in."
    )


class ClientSignIn(ClientLives):
    """How people sign in to a client."""

    consent: Literal["once", "always", "never"] = Field(
        default="once",
        description="When a person is asked whether the app may act for them: `once`, `always`, or `never`, "
        "when an administrator answers for everybody.",
    )
    groups: _Groups | None = Field(
        default=None, description="Only people in one of these groups may sign in to it. Default: everybody."
    )
    management: bool = Field(
        default=False,
        description="People who hold a role (`admins`) may manage this server with it. They are asked each "
        "time, whatever `consent` says, and no refresh token comes of it.",
    )
    algorithm: Literal["RS256", "ES256", "EdDSA"] = Field(
        default="RS256", description="What its ID tokens are signed with."
    )
    pushed: Literal["required", "allowed"] = Field(
        default="allowed",
        description="Whether it must push its authorization requests to `/par` first (RFC 9126), so that "
        "nobody at the browser can read or change them: `required` or `allowed`.",
    )
