"""The form of how people sign in here through an issuer: ``sign_in`` of an issuer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actas.core.wire import SigningAlgorithm
from actas.settings.addresses import Host, HttpsUrl
from actas.settings.forms import Form, SecretSource
from actas.settings.values import Duration, Label, Name, Prose, Scope


class PrivateKeyJwtForm(Form):
    """How an issuer knows this server by a key of its own (OpenID Connect Core section 9)."""

    algorithm: SigningAlgorithm = Field(description="What it is signed with: one that the issuer takes.")
    audience: Literal["issuer", "token_endpoint"] = Field(
        default="issuer",
        description="Whom it names (`aud`): the issuer, which no other server can take for itself. "
        "`token_endpoint`: the address of its token endpoint, for an issuer that takes nothing else.",
    )


class IssuerSignIn(Form):
    """How people sign in here through an issuer, as at an app of its."""

    client_id: Annotated[str, Label()] = Field(
        description="What the issuer calls this server. The redirect address to register there is "
        "`/sign-in/from/` and the issuer's `name` here, below `server.issuer`."
    )
    client_secret: SecretSource | None = Field(
        default=None,
        description="Where the secret is kept that it gave out: `{ env: NAME }` or `{ file: PATH }`, and no "
        "other secret. Over the management API an owner says so. Default: none, for an app without a secret.",
    )
    private_key_jwt: PrivateKeyJwtForm | None = Field(
        default=None,
        description="Instead of a secret: a key of this server, which it makes and rotates. The issuer is "
        "given the address `/sign-in/keys` below `server.issuer`, where the public half is.",
    )
    display_name: Annotated[str, Prose(100)] | None = Field(
        default=None, description="What people read on the button. Default: the issuer's `name`."
    )
    scopes: Annotated[list[Annotated[str, Scope()]], Field(min_length=1, max_length=32)] = Field(
        default_factory=lambda: ["openid", "profile", "email"],
        description="What is asked of it; `openid` is among them. Default: openid, profile and email.",
    )
    acr_values: Annotated[list[Annotated[str, Label()]], Field(min_length=1, max_length=16)] | None = Field(
        default=None,
        description="Which ways of signing in are asked of it, the best first. What an app asks for here is "
        "not passed on. Default: any.",
    )
    mfa: Annotated[str, Prose(1024)] | None = Field(
        default=None,
        description="CEL over `claims` of its ID token: whether a sign-in there counts here as one by "
        "several factors (`acr: mfa`). Default: never. `amr`, and `acr` where it does not count, say "
        "what the issuer said, after its name and a colon.",
        examples=['"mfa" in claims.amr'],
    )
    clients: Annotated[list[Annotated[str, Name()]], Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="The clients that people may sign in to through it. Default: all."
    )
    max_age: Annotated[int, Duration(60, 30 * 86400)] = Field(
        default=24 * 3600,
        description="How long ago somebody may have proved there who they are; after that it asks them "
        "again. An app that asks for less gets less.",
    )
    auth_time: Literal["required", "assumed"] = Field(
        default="required",
        description="`required`: its ID tokens say when that was. `assumed`: for an issuer that never says "
        "so, the time of its token is taken for it, however long ago it really was.",
    )
    userinfo: bool = Field(
        default=False,
        description="Ask its UserInfo as well for name and e-mail address, for an issuer whose ID tokens do "
        "not hold them.",
    )
    authorization_endpoint: Annotated[str, HttpsUrl(query=True)] | None = Field(
        default=None, description="Where people sign in. Default: where discovery says."
    )
    token_endpoint: Annotated[str, HttpsUrl(query=True)] | None = Field(
        default=None, description="Where their codes are redeemed. Default: where discovery says."
    )
    hosts: Annotated[list[Annotated[str, Host()]], Field(min_length=1, max_length=16)] | None = Field(
        default=None,
        description="Hosts besides the issuer's own on which discovery may place these, and its UserInfo.",
    )
