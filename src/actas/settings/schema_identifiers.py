"""The form of what tenants and people are called between two domains."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from actas.settings.addresses import Issuer
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


class SubjectIdForm(Form):
    """A subject identifier (RFC 9493): the same person as `sub`, in another namespace."""

    format: Literal["email", "iss_sub", "opaque", "saml-nameid"] = Field(
        description="`email`: an address; `iss_sub`: the `sub` at another issuer; `opaque`: an `id`; "
        "`saml-nameid`: the NameID that a SAML identity provider uses."
    )
    who: CalledForm | None = Field(
        default=None,
        description="The person's name in it: `email`, `sub`, `id` or `nameid`. For `accept` always "
        "`{ known_as: LABEL }`. Of `email` for `issue` it is left out, and is the verified address.",
    )
    iss: Annotated[str, Issuer()] | None = Field(
        default=None, description="Of `iss_sub`: the other issuer, character for character."
    )
    issuer: LabelText | None = Field(
        default=None,
        description="Of `saml-nameid`: the entity id of the SAML identity provider. For `accept` it is the "
        "one that belongs to the issuer of grants (`from`), and to no other.",
        examples=["https://idp.acme.example/saml"],
    )
    nameid_format: LabelText | None = Field(
        default=None, description="Of `saml-nameid`: the Format of the NameID, when it has one."
    )
    name_qualifier: LabelText | None = Field(
        default=None, description="Of `saml-nameid`: its NameQualifier, when it has one."
    )
    sp_name_qualifier: LabelText | None = Field(
        default=None, description="Of `saml-nameid`: its SPNameQualifier, when it has one."
    )
    sp_provided_id: CalledForm | None = Field(
        default=None,
        description="Of `saml-nameid`: where the person's SPProvidedID comes from; left out for whoever has "
        "none.",
    )
    compare: Literal["every", "nameid"] = Field(
        default="every",
        description="For `accept` of `saml-nameid`: whether `every` member must be as here and no other may "
        "be there, or `nameid` and `issuer` are enough.",
    )


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
    sub_id: SubjectIdForm | None = Field(
        default=None,
        description="What others than the two servers call the person (`sub_id`). For `issue` the grant says "
        "it, and who has no such name gets none: say it only if the other server needs it, since the client "
        "can read it. For `accept` it is what `people.match: sub_id` goes by. Default: it is not said, and "
        "not looked at.",
    )
