"""The form of who may manage the server: admins."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from actas.core.administrators import Role
from actas.core.party import OURSELVES
from actas.settings.forms import Form
from actas.settings.values import Label, Name, wrong


class AdminForm(Form):
    """Who holds a role: a client, a person or a group. Each role holds what the one before it does."""

    client: Annotated[str, Name()] | None = Field(
        default=None, description="A client that may ask for a token of this role."
    )
    user: Annotated[str, Name()] | None = Field(
        default=None,
        description="One of `users`, who may manage with an app that is for it (`sign_in.management`).",
    )
    group: Annotated[str, Label()] | None = Field(
        default=None, description="A group, every member of which may manage like that."
    )
    from_: Annotated[str, Name(OURSELVES)] | None = Field(
        default=None,
        alias="from",
        description="The issuer that says who is in the group, when they sign in through it. Default: the "
        "group is one of `users`.",
    )
    role: Role = Field(
        description="`auditor` reads everything, `operator` also changes clients, APIs, issuers, rules and "
        "policy tests, `owner` also says who holds a role, who the users are and what the defaults are."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.client, self.user, self.group)) != 1:
            wrong("say who holds it, in one way: client, user or group")
        if self.from_ is not None and self.group is None:
            wrong("from goes with group: it is the issuer that says who is in it")
        return self
