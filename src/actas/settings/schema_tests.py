"""The form of policy tests: what is asked, and what must come of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from actas.core.reasons import Reason
from actas.settings.forms import Form, OneOrMany
from actas.settings.schema_details import DetailsList
from actas.settings.schema_parties import LabelText, NameText, ScopeText
from actas.settings.schema_rules import Kind
from actas.settings.schema_strangers import ClientName
from actas.settings.values import Duration, Prose, ScopeList

_Names = Annotated[list[NameText], Field(min_length=1, max_length=100), OneOrMany()]
_Labels = Annotated[list[LabelText], Field(min_length=1, max_length=100)]


class AskedParty(Form):
    """The party of a token that a policy test makes up."""

    from_: NameText = Field(alias="from", description="The issuer of the token; `actas` is this server.")
    user: LabelText = Field(description="The subject's name here.")
    kind: Kind | None = Field(default=None, description="What the party is. Default: what its issuer says.")
    groups: _Labels | None = Field(default=None, description="The party's groups.")
    claims: Annotated[dict[str, Any], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Further claims of the token."
    )
    via: _Labels | None = Field(
        default=None, description="The earlier actors of the token, oldest first, by the names of clients."
    )
    audience: Annotated[list[LabelText], Field(min_length=1, max_length=100), OneOrMany()] | None = Field(
        default=None, description="Whom the token is meant for: names of APIs, or values of `aud`."
    )
    scope: Annotated[str, ScopeList()] | None = Field(
        default=None, description="The scopes the token holds, separated by spaces."
    )
    token_type: Literal["access_token", "id_token"] | None = Field(
        default=None,
        description="What the token of this server (`from: actas`) is. Default: `access_token`. An "
        "`id_token` was given to the client that asks.",
    )
    known: bool | None = Field(
        default=None,
        description="Whether somebody of another domain was here before. For a `connection` that accepts "
        "grants and matches people by `subject`. Default: true.",
    )


class AskedWhy(Form):
    """Why somebody wants to act as somebody else."""

    reason: Annotated[str, Prose(500)] | None = Field(
        default=None, description="The reason that is given. Default: none."
    )
    ticket: Annotated[str, Prose(200)] | None = Field(default=None, description="The ticket. Default: none.")


class Ask(Form):
    """A request that a policy test makes up."""

    client: Annotated[str, ClientName()] = Field(
        description="Who asks; one that publishes what it is, by the address of its document."
    )
    subject: AskedParty | None = Field(
        default=None, description="The subject token. Left out: the client speaks for itself."
    )
    actor: AskedParty | None = Field(default=None, description="The actor token, if one is sent.")
    api: _Names | None = Field(
        default=None, description="What the new token is for. Either this or `connection` is said."
    )
    connection: NameText | None = Field(
        default=None,
        description="The connection by which a grant for another domain is asked for, or redeemed. `subject` "
        "shows an ID token then, of somebody who signed in just now unless its `claims` say otherwise, or "
        "for `grant: jwt` an access token, if its `token_type` says so; or it "
        "is the grant that is redeemed, `from` the issuer of the connection with what the grant says as "
        "`scope`, and `user` is their `sub` there, or the name of the user where `match` is not `subject`.",
    )
    scope: Annotated[str, ScopeList()] | None = Field(
        default=None, description="The scopes asked for, separated by spaces. Default: what there is."
    )
    authorization_details: DetailsList | None = Field(
        default=None,
        description="With `connection`: the authorization details (RFC 9396) that are asked for, or that the "
        "grant says that is redeemed. Default: none.",
    )
    requested_subject: NameText | None = Field(
        default=None,
        description="The name of the user as whom somebody wants to act: `subject` is the administrator "
        "then, who signed in just now unless its `claims` say otherwise. Without one it is the client.",
    )
    why: AskedWhy | None = Field(default=None, description="Why, with `requested_subject`.")
    kind: (
        Literal[
            "delegation",
            "impersonation",
            "administrative_impersonation",
            "translation",
            "downscope",
            "own",
            "cross_app",
            "redemption",
            "chaining",
            "chained",
        ]
        | None
    ) = Field(default=None, description="The kind of exchange that must come of it. Default: whichever does.")


class Expect(Form):
    """What must come of it: granted or refused."""

    granted: Annotated[list[ScopeText], Field(max_length=500)] | None = Field(
        default=None, description="The scopes of the new token, exactly these; an empty list for none."
    )
    authorization_details: DetailsList | None = Field(
        default=None,
        description="The authorization details of the new token, exactly these and in this order; who "
        "expects them and no scope says `granted: []` as well.",
    )
    lifetime: Annotated[int, Duration(1, 24 * 3600)] | None = Field(
        default=None, description="The life of the new token, exactly."
    )
    chain: _Labels | None = Field(
        default=None, description="The subject and every actor, oldest first, exactly."
    )
    approval: Annotated[list[LabelText], Field(max_length=100), OneOrMany()] | None = Field(
        default=None,
        description="The groups that have to approve it first, exactly these; an empty list for nobody.",
    )
    refused: Reason | None = Field(default=None, description="The reason of the refusal.")
    rule: NameText | None = Field(default=None, description="The rule that allowed or denied.")
    near_miss: NameText | None = Field(
        default=None, description="With `refused: no_rule`: the rule that came nearest."
    )


class PolicyTestForm(Form):
    """One policy test."""

    name: Annotated[str, Prose(200)] = Field(description="A sentence about what must hold.")
    ask: Ask = Field(description="One request.")
    expect: Expect = Field(description="What must come of it.")
