"""The form of whom we believe, and who asks: issuers, clients."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from actas.core.party import OURSELVES
from actas.settings.addresses import DOMAIN, Host, HttpsUrl, Issuer, RedirectUri
from actas.settings.forms import Form, OneOrMany, PublicFile, shape
from actas.settings.schema_auth import AnyAuth, Verifying
from actas.settings.schema_chaining import LONGEST_FOREIGN_GRANT, JwtGrantsForm
from actas.settings.schema_people import ClientSignIn
from actas.settings.schema_sign_in import IssuerSignIn
from actas.settings.values import (
    MEDIA_TYPE,
    Duration,
    Label,
    Name,
    Prose,
    Scope,
)
from actas.trust.registry import LONGEST_LIFE, LONGEST_OUTAGE_GRACE, OUTAGE_GRACE

NameText = Annotated[str, Name()]
LabelText = Annotated[str, Label()]
ScopeText = Annotated[str, Scope()]
Condition = Annotated[str, Prose(1024)]
Conditions = Annotated[list[Condition], Field(min_length=1, max_length=32), OneOrMany()]
Description = Annotated[str, Prose(1000)]

_Presenters = Annotated[list[NameText], Field(min_length=1, max_length=1000)]
_Audiences = Annotated[
    Annotated[list[LabelText], Field(min_length=1, max_length=100), Tag("names")]
    | Annotated[dict[LabelText, _Presenters], Field(min_length=1, max_length=100), Tag("mapping")],
    Discriminator(shape),
]
GrantWord = Literal[
    "token_exchange",
    "client_credentials",
    "refresh_token",
    "authorization_code",
    "device_code",
    "jwt_bearer",
]
_Redirects = Annotated[list[Annotated[str, RedirectUri()]], Field(min_length=1, max_length=50)]
_PublicFiles = Annotated[list[PublicFile], Field(min_length=1, max_length=16)]


def _usual_algorithms() -> list[Verifying]:
    return ["ES256", "RS256"]


class IssuerForm(Form):
    """An issuer whose tokens we accept, and exactly which of them."""

    later = frozenset({"entity_id", "certificates"})
    later_words = frozenset({"saml", "access_token", "refresh_token", "saml1", "saml2"})

    name: Annotated[str, Name(OURSELVES)] = Field(description="What rules and people call it.")
    type: Literal["oidc", "jwks", "kubernetes"] = Field(
        description="How its keys are found: `oidc` by discovery at the issuer's address, `jwks` at "
        "`jwks_uri` or in `jwks`; `kubernetes` in any of these ways, for the projected tokens of a cluster's "
        "service accounts, which authenticate clients and are good for nothing else."
    )
    issuer: Annotated[str, Issuer()] = Field(
        description="Its `iss`, compared character for character.", examples=["https://idp.acme.example"]
    )
    audiences: _Audiences | None = Field(
        default=None,
        description="The values of `aud` that we accept. As a list, any client of ours may present such a "
        "token; as a mapping of audience to client names, only those clients may. Required where `accepts` "
        "is. Tokens that authenticate clients are for this server alone, whatever stands here.",
    )
    accepts: (
        Annotated[list[Literal["id_token", "jwt", "id_jag", "jwt_grant"]], Field(min_length=1, max_length=4)]
        | None
    ) = Field(
        default=None,
        description="The token types that its tokens may be presented as; `id_jag` are the grants by which "
        "its server tells this one who somebody is (`connections`), `jwt_grant` its plain grants. "
        "Required, unless its tokens only authenticate clients or people only sign in through it.",
    )
    workloads: bool = Field(
        default=False,
        description="Let clients authenticate by its tokens (`auth: { method: workload, … }`), such as the "
        "JWT-SVIDs of a SPIFFE trust domain. Trust for one purpose is none for another. Type `kubernetes` "
        "means it.",
    )
    algorithms: Annotated[list[Verifying], Field(min_length=1, max_length=5)] = Field(
        default_factory=_usual_algorithms,
        description="The only algorithms its tokens may be signed with; never symmetric ones. Default: "
        "ES256 and RS256.",
    )
    jwks_uri: Annotated[str, HttpsUrl(query=True)] | None = Field(
        default=None,
        description="Where its keys are. For `oidc` this takes the place of what discovery says.",
    )
    jwks: _PublicFiles | None = Field(
        default=None, description="Its keys, in files. For `jwks` only, in place of `jwks_uri`."
    )
    jwks_hosts: Annotated[list[Annotated[str, Host()]], Field(min_length=1, max_length=16)] | None = Field(
        default=None,
        description="Hosts besides the issuer's own on which discovery may place the keys. For `oidc` only.",
    )
    max_age: Annotated[int, Duration(1, 30 * 86400)] | None = Field(
        default=None, description="How old a token may be, by its `iat`. Default: as old as it lives."
    )
    max_life: Annotated[int, Duration(1, LONGEST_LIFE)] = Field(
        default=24 * 3600, description="How long a token may live, from `iat` to `exp`."
    )
    subject: Condition | None = Field(
        default=None,
        description="CEL over `claims`: the name of the subject here. Default: `claims.sub`. With "
        "`email_domains` it must give an address.",
        examples=["claims.email"],
    )
    email_domains: Annotated[list[Annotated[str, DOMAIN]], Field(min_length=1, max_length=100)] | None = (
        Field(
            default=None,
            description="The e-mail domains that this issuer, and no other, speaks for. Without them a "
            "subject is called by the issuer's name and its own, so that equal names of two issuers never "
            "meet.",
        )
    )
    groups: Condition | None = Field(
        default=None,
        description="CEL over `claims`: a list of the subject's groups. Default: none.",
        examples=["claims.groups"],
    )
    when: Conditions | None = Field(
        default=None,
        description="CEL over `claims`: one condition or a list, all of which must be true. Issuers that "
        "serve many customers need one.",
        examples=["claims.email_verified == true"],
    )
    kind: Literal["person", "service", "agent"] = Field(
        default="person", description="What its subjects are."
    )
    token_types: Annotated[list[Annotated[str, MEDIA_TYPE]], Field(min_length=1, max_length=8)] | None = (
        Field(
            default=None,
            description="For `accepts: [jwt]`: further values of the header `typ` to accept, besides "
            "`JWT` and none.",
            examples=[["at+jwt"]],
        )
    )
    id_jag_max_life: Annotated[int, Duration(1, LONGEST_FOREIGN_GRANT)] | None = Field(
        default=None,
        description="For `accepts: [id_jag]`: how long its ID-JAGs may live, from `iat` to `exp`. Default: "
        "`5m`; what lives longer is refused, and `max_life` does not change that.",
    )
    jwt_grants: JwtGrantsForm | None = Field(
        default=None,
        description="For `accepts: [jwt_grant]`: what its plain grants look like. Default: like "
        "those of this server.",
    )
    outage_grace: Annotated[int, Duration(600, LONGEST_OUTAGE_GRACE)] = Field(
        default=OUTAGE_GRACE,
        description="For how long its known keys are used while it does not answer, or answers with nothing "
        "that could be used. After that its tokens are refused as `upstream_down`. A key that it withdraws "
        "in such a time is refused once it answers again.",
    )
    sign_in: IssuerSignIn | None = Field(
        default=None,
        description="Let people sign in here through it. They are called by its `name` and their `sub` "
        "there, for good: never give the name to another issuer. Default: nobody does.",
    )
    disabled: bool = Field(default=False, description="Refuse its tokens, and whoever signed in through it.")


class MayRequest(Form):
    """What a client may ask for at all. Rules decide what it gets."""

    apis: Annotated[list[NameText], Field(min_length=1, max_length=1000)] = Field(
        description="The APIs it may ask for."
    )
    scopes: (
        Annotated[
            dict[NameText, Annotated[list[ScopeText], Field(min_length=1, max_length=500)]],
            Field(min_length=1, max_length=1000),
        ]
        | None
    ) = Field(
        default=None,
        description="Per API, the scopes it may ask for. An API that is not listed has no such limit.",
    )


class ClientForm(Form):
    """Who asks: an app, a service or an agent."""

    name: NameText = Field(description="Its `client_id`, and its name in chains.")
    kind: Literal["app", "service", "agent"] = Field(description="What it is; rules select on it.")
    description: Description | None = Field(default=None, description="What it is for.")
    owner: LabelText | None = Field(
        default=None, description="The person who answers for it. Agents must have one."
    )
    auth: Annotated[AnyAuth, Field(discriminator="method")] = Field(
        description="How it proves who it is: exactly one method."
    )
    grants: Annotated[list[GrantWord], Field(max_length=6)] | None = Field(
        default=None,
        description="The grants it may use. Default: `[token_exchange]`, or none for `method: none`; with "
        "`redirect_uris` also `authorization_code`.",
    )
    display_name: Annotated[str, Prose(100)] | None = Field(
        default=None, description="What people read when they are asked about it. Default: `name`."
    )
    redirect_uris: _Redirects | None = Field(
        default=None,
        description="Where it may be called back when somebody signed in, each exactly. On the app's own "
        "computer (`http://127.0.0.1/…`, `http://[::1]/…`, `http://localhost/…`) any port will do.",
        examples=[["https://web.acme.example/callback"]],
    )
    post_logout_redirect_uris: _Redirects | None = Field(
        default=None, description="Where people may be sent after they signed out, each exactly."
    )
    backchannel_logout_uri: Annotated[str, HttpsUrl(query=True)] | None = Field(
        default=None,
        description="Where it is told that somebody whom it signed in has left, by a signed logout token "
        "(OpenID Connect Back-Channel Logout 1.0). https, and a public address, unless "
        "`server.private_hosts` names its host.",
        examples=["https://web.acme.example/left"],
    )
    backchannel_logout_session_required: bool = Field(
        default=False,
        description="Whether a logout token must name the session (`sid`). It always does; the field is here "
        "so that what apps register elsewhere can be written here unchanged.",
    )
    sign_in: ClientSignIn | None = Field(
        default=None,
        description="How people sign in to it, where it has `redirect_uris` or the grant `device_code`.",
    )
    api: NameText | None = Field(
        default=None, description="The API that this client also is: tokens for that API are meant for it."
    )
    may_request: MayRequest | None = Field(
        default=None, description="What it may ask for at all. Default: nothing."
    )
    disabled: bool = Field(
        default=False,
        description="Refuse it, also as an earlier actor in somebody else's chain. What it had a part in "
        "until then ends for good.",
    )
