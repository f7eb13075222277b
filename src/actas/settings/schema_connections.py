"""The form of connections: which app reaches which API of another domain, for whom."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actas.core.abroad import LONGEST_ACCESS
from actas.settings.addresses import Host, HttpsUrl, ServerIssuer
from actas.settings.forms import Form, OneOrMany
from actas.settings.schema_chaining import ChainForm, ScopesThere, Transcribed
from actas.settings.schema_details import DetailsList
from actas.settings.schema_identifiers import IdentifiersForm
from actas.settings.schema_parties import Conditions, Description, LabelText, NameText, ScopeText
from actas.settings.schema_redeem import RedeemForm
from actas.settings.schema_strangers import ClientName
from actas.settings.values import Duration, Name

_Labels = Annotated[list[LabelText], Field(min_length=1, max_length=1000), OneOrMany()]
_From = Annotated[list[NameText], Field(min_length=1, max_length=100), OneOrMany()]
_Resources = Annotated[
    list[Annotated[str, HttpsUrl(query=True)]], Field(min_length=1, max_length=50), OneOrMany()
]
_Scopes = Annotated[list[ScopeText], Field(min_length=1, max_length=500), OneOrMany()]
_Hosts = Annotated[list[Annotated[str, Host()]], Field(min_length=1, max_length=16), OneOrMany()]
_Agreed = Annotated[list[LabelText], Field(min_length=1, max_length=20), OneOrMany()]
_Proposals = Annotated[
    list[Literal["access_denied", "certificate_binding", "encryption", "resource_in_answers"]],
    Field(min_length=1, max_length=10),
    OneOrMany(),
]
_Classes = Annotated[list[LabelText], Field(min_length=1, max_length=20), OneOrMany()]


class ResourceForm(Form):
    """The other domain: its authorization server, how that knows our client, and what is asked for there."""

    issuer: Annotated[str, ServerIssuer()] = Field(
        description="The issuer identifier of its authorization server, character for character: the `aud` "
        "of grants, and what the client sends as `audience`.",
        examples=["https://auth.tickets.example"],
    )
    client_id: LabelText = Field(
        description="The `client_id` by which that server knows the client, or the address of the document "
        "that the client publishes. It is never our own name of it unless you write that here. With "
        "`redeem`, the one by which it knows this server.",
        examples=["acme-assistant"],
    )
    resource: _Resources | None = Field(
        default=None,
        description="For `grant: id_jag`, and with `redeem`: the APIs there, one or several, each as its "
        "`resource` identifier (RFC 8707, RFC 9728). A request may name them and no others; one that names "
        "none is for all of them. Default: the grant names none.",
        examples=["https://api.tickets.example"],
    )
    kind: Literal["api", "mcp"] = Field(
        default="api",
        description="For `grant: id_jag`. `mcp`: these are MCP servers. Then `resource` must be said, "
        "`audience` means nothing, and a grant is for one of them.",
    )
    scopes: ScopesThere = Field(
        description="The scopes that a grant may carry. For `grant: jwt` a mapping: what each scope of the "
        "subject token buys there, and under `any` what an ID token does, which holds none.",
        examples=[["tickets:read", "tickets:comment"], {"orders:read": ["tickets:read"]}],
    )
    authorization_details: DetailsList | None = Field(
        default=None,
        description="For `grant: id_jag`: templates of the authorization details (RFC 9396) that a grant may "
        "carry. One that is asked for must have the `type` of a template and no member that it lacks: lists "
        "are parts of its lists, everything else is equal, and what is left out is filled in from it. "
        "Default: none.",
        examples=[[{"type": "ticket_access", "actions": ["read", "comment"]}]],
    )
    jwks_hosts: _Hosts | None = Field(
        default=None,
        description="With the proposal `encryption`: hosts besides that of `issuer` at which its metadata "
        "may place the keys to which grants are encrypted. Default: none.",
        examples=[["keys.tickets.example"]],
    )
    audience: _Agreed | None = Field(
        default=None,
        description="Other names that the client may send as `audience`. Default: the issuer identifier "
        "only.",
    )


class ConnectedPeople(Form):
    """For whom it is. Every field that is given must match."""

    from_: _From | None = Field(
        default=None,
        alias="from",
        description="The issuers that vouch for them, in their own ID tokens or when people signed in "
        "through them; `actas` is for the users of this server. Default: `actas`.",
    )
    groups: _Labels | None = Field(
        default=None, description="A group that they are in. Default: any or none."
    )
    names: _Labels | None = Field(
        default=None,
        description="Who they are to this server, such as `actas:alice`. Default: everybody of `from`.",
    )
    token_types: (
        Annotated[
            list[Literal["access_token", "id_token", "refresh_token", "jwt"]],
            Field(min_length=1, max_length=4),
        ]
        | None
    ) = Field(
        default=None,
        description="For `grant: jwt`: the tokens that show them; `jwt` are other tokens of the issuers in "
        "`from`. Default: `access_token`, `id_token` and `refresh_token`.",
    )
    match: Literal["subject", "email", "aud_sub", "sub_id"] | None = Field(
        default=None,
        description="Who somebody of another domain is here. For `accept` only. `subject`: who they are when "
        "they sign in through that issuer, its `name` and their own `sub` there; `email`: the user whose "
        "address the issuer vouches for, which needs `email_domains` of the issuer; `aud_sub`: the user whom "
        "the grant names, such as `actas:alice`; `sub_id`: the user who is called in `known_as` as the grant "
        "says (`identifiers.sub_id`). Default: `subject`.",
    )
    unknown: Literal["refuse", "create"] | None = Field(
        default=None,
        description="What becomes of somebody who was never here. For `accept` by `subject` only. `create` "
        "lets them in and knows them from then on. Default: `refuse`.",
    )
    when: Conditions | None = Field(
        default=None,
        description="CEL, as in a rule: all of it must hold.",
        examples=['subject.claims.department == "support"'],
    )


class ConnectionSignIn(Form):
    """How they must have signed in. Who did not is told to sign in again, and how (RFC 9470)."""

    max_age: Annotated[int, Duration(10, 30 * 86400)] | None = Field(
        default=None, description="How long ago at most. Default: any time."
    )
    acr: _Classes | None = Field(
        default=None, description="In one of these ways (`acr`). Default: in any.", examples=[["mfa"]]
    )


class ConnectionForm(Form):
    """A standing decision that one client may reach another domain for its people, with no consent screen."""

    later = frozenset({"on_revoked"})

    name: Annotated[str, Name()] = Field(description="What people call it.")
    direction: Literal["issue", "accept"] = Field(
        description="`issue`: this server vouches for its people, and the other domain's server decides. "
        "`accept`: another domain's server vouches for its own, and this one decides."
    )
    grant: Literal["id_jag", "jwt"] = Field(
        default="id_jag",
        description="Which grants it is for. `id_jag`: Identity Assertion JWT Authorization Grants, which "
        "tell who signed in. `jwt`: plain grants, the general form of identity chaining, which access tokens "
        "buy too. Neither is taken for the other.",
    )
    description: Description | None = Field(default=None, description="What it is for.")
    client: Annotated[str, ClientName()] = Field(
        description="The client that asks for grants, or redeems them: its name, or the address of its "
        "document (`client_metadata_documents`). It must prove who it is."
    )
    resource: ResourceForm | None = Field(
        default=None, description="Where it leads. For `issue`, which must say it."
    )
    from_: NameText | None = Field(
        default=None,
        alias="from",
        description="The issuer of the grants that are redeemed, which must list `id_jag` in `accepts`, or "
        "`jwt_grant` for `grant: jwt`. For `accept`, which must say it.",
    )
    api: NameText | None = Field(
        default=None, description="The API that they are redeemed for. For `accept`, which must say it."
    )
    scopes: _Scopes | None = Field(
        default=None,
        description="The scopes of that API that may come of a grant, as far as the grant says them. For "
        "`accept`, which must say it.",
    )
    authorization_details: DetailsList | None = Field(
        default=None,
        description="Templates of the authorization details (RFC 9396) that may come of a grant: those that "
        "it says and that are within one. For `accept`. Default: none, and a grant that says any is refused.",
    )
    people: ConnectedPeople | None = Field(
        default=None,
        description="For whom. `issue` must say it: nobody is meant by leaving it out. Default for `accept`: "
        "everybody for whom the issuer gives grants and who was here before.",
    )
    single_use: bool = Field(
        default=True,
        description="Whether a grant is redeemed once, on every node together. For `accept`; `false` is for "
        "clients that send one again until it ends.",
    )
    identifiers: IdentifiersForm | None = Field(
        default=None,
        description="What tenants and people are called; of plain grants (`grant: jwt`) for `accept` only. "
        "Default: grants say nothing of it.",
    )
    redeem: RedeemForm | None = Field(
        default=None,
        description="For `issue`: this server redeems the grants itself, for a client that has no name or no "
        "way there. The client asks for an access token as for an API here, gets the other server's, and "
        "sees no grant. Default: the client gets the grant, and redeems it.",
    )
    identify_by: Literal["subject", "pairwise", "email"] = Field(
        default="subject",
        description="For `issue`: what the other server knows a person by (`sub`). `subject` is who they "
        "are here, the same for every server; `pairwise` is a name for that server alone; `email` is their "
        "address, which may be given to somebody else one day.",
    )
    email: bool | None = Field(
        default=None,
        description="For `issue`: whether the grant tells their verified e-mail address, by which many "
        "servers link people. Default: it does, but not with `identify_by: pairwise`, whose names it would "
        "lay open, and not for `grant: jwt`.",
    )
    act: bool = Field(
        default=True,
        description="For `issue` and `grant: id_jag`: whether the grant names an agent that asks for a "
        "person (`act`). Other clients are not, unless this server redeems the grant for them (`redeem`).",
    )
    chain: ChainForm | None = Field(
        default=None,
        description="For `grant: jwt`: what the grant tells of who acts (`act`). `prune`: the client that "
        "asks, alone; `keep`: everybody in the chain, each with their issuer; `pairwise`: everybody, by "
        "names that no other server has. The log here always has the whole chain. Default: `prune`.",
    )
    claims: Transcribed | None = Field(
        default=None,
        description="For `grant: jwt`: the claims that cross, by what they are called in the grant, or for "
        "`accept` in the token that comes of one. No other claim does. `auth_time`, `acr` and `amr` cross "
        "unchanged, and only into a grant.",
        examples=[{"department": {"claim": "dept", "required": False}}],
    )
    client_claim: Literal["client_id", "none"] | None = Field(
        default=None,
        description="For `grant: jwt` and `accept`: `none` takes grants too that name no client, where their "
        "server writes no `client_id`. Default: `client_id`, which must be the client that redeems it.",
    )
    requested_cnf: bool = Field(
        default=False,
        description="For `grant: jwt` and `accept`: bind the token to the key that the grant asks for "
        "(`requested_cnf`), which the issuer says its client proved. Otherwise the claim is ignored.",
    )
    sign_in: ConnectionSignIn = Field(
        default_factory=ConnectionSignIn.model_construct,
        description="For `issue`: how they must have signed in.",
    )
    lifetime: Annotated[int, Duration(10, LONGEST_ACCESS)] | None = Field(
        default=None,
        description="How long a grant lives, at most 5 minutes, and that is the default; for `accept`, how "
        "long a token lives that comes of one, at most 10 minutes and never longer than the grant: 5, unless "
        "its issuer says more (`jwt_grants.max_life`). Default then: the API's, at most 10 minutes.",
    )
    algorithm: Literal["ES256", "RS256", "EdDSA"] | None = Field(
        default=None,
        description="For `issue`: what grants are signed with, by keys of their own. Default: from "
        "`keys.signing`.",
    )
    proposals: _Proposals | None = Field(
        default=None,
        description="For `grant: id_jag`: proposals to its draft that are not in it (-04), to try with a "
        "side that has them too; they may change or go. `access_denied`: what policy refuses is that, and "
        "no longer `invalid_target` or `invalid_grant`. `resource_in_answers`: answers say `resource`, and "
        "a grant for an API that is none of ours is `invalid_target`. `certificate_binding`, for `issue` "
        "only: a grant is bound to the certificate that its client shows, when no DPoP proof is sent. "
        "`encryption`: a grant is encrypted to the server that redeems it, so that its client cannot read "
        "it. Default: none.",
        examples=[["access_denied"]],
    )
    require_encryption: bool = Field(
        default=False,
        description="For `accept` with the proposal `encryption`: refuse a grant that is not encrypted. "
        "Otherwise both are taken.",
    )
    disabled: bool = Field(
        default=False,
        description="Pause it: no grant is given, or none redeemed. What has already come of grants lives "
        "on.",
    )
