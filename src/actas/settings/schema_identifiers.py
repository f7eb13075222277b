"""The form of what tenants and people are called between two domains."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from actas.settings.forms import Form
from actas.settings.schema_parties import LabelText
from actas.settings.values import Name, wrong


class CalledForm(Form):
    """Where a name in another domain comes from: `{ known_as: LABEL }` or `{ claim: NAME }`."""

    known_as: Annotated[str, Name()] | None = Field(
        default=None, description="The label in `known_as` of the users of this server."
    )
    claim: LabelText | None = Field(
        default=None,
        description="A claim of the ID token that shows the person, which their issuer alone decides on.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.known_as is None) == (self.claim is None):
            wrong("say where the name comes from, in one way: { known_as: LABEL } or { claim: NAME }")
        return self


class IdentifiersForm(Form):
    """What tenants and people are called."""

    tenant: LabelText | None = Field(
        default=None,
        description="The tenant of the issuer of grants (`tenant`): for `issue` ours, which the grant says; "
        "for `accept` theirs, of which a grant must be. People are called by it and their `sub` together. "
        "Default: a grant names none, and one that does is refused.",
    )
    aud_tenant: LabelText | None = Field(
        default=None,
        description="The tenant of the server that grants are for (`aud_tenant`): for `issue` theirs, to "
        "which `client_id` of the connection belongs; for `accept` ours, which a grant must name. Default: a "
        "grant names none, and one that does is refused.",
    )
    aud_sub: CalledForm | None = Field(
        default=None,
        description="What the other server itself calls the person (`aud_sub`), for `issue`. Who has no such "
        "name gets no grant. Default: the grant does not say it.",
    )
