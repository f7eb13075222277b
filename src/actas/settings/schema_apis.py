"""The form of what tokens are for: apis."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actas.core.party import OURSELVES
from actas.settings.addresses import Audience
from actas.settings.forms import Form
from actas.settings.schema_parties import Description, ScopeText
from actas.settings.schema_server import BindingWord, ChainDepth, FormatWord, TokenLifetime
from actas.settings.values import Name


class ApiToken(Form):
    """What an API asks of its tokens."""

    lifetime: TokenLifetime | None = Field(
        default=None, description="The longest life of a token for this API. Default: from `defaults`."
    )
    binding: BindingWord | None = Field(
        default=None,
        description="What its tokens are bound to at least, as in `defaults`: the word that asks for more "
        "wins. Default: from `defaults`.",
    )
    algorithm: Literal["ES256", "RS256", "EdDSA"] | None = Field(
        default=None, description="What its tokens are signed with. Default: from `keys.signing`."
    )
    format: FormatWord | None = Field(
        default=None, description="What its tokens look like, as in `defaults`. Default: from `defaults`."
    )


class ApiChain(Form):
    """What an API asks of chains."""

    max_depth: ChainDepth | None = Field(
        default=None, description="The most actors a token for this API may name. Default: from `defaults`."
    )


class ApiForm(Form):
    """What tokens are for."""

    name: Annotated[str, Name(OURSELVES)] = Field(
        description="What rules, clients and people call it; accepted as `audience`."
    )
    audience: Annotated[str, Audience()] = Field(
        description="The `aud` of its tokens; accepted as `audience` and as `resource`. An absolute URI "
        "without fragment, or a plain name.",
        examples=["https://orders.acme.example"],
    )
    kind: Literal["api", "mcp"] = Field(
        default="api",
        description="`mcp` is an MCP server: its `audience` is its address, grants of other domains are "
        "redeemed for it alone and once, and `actas apis show` says what it has to publish (RFC 9728).",
    )
    listed: bool = Field(
        default=False,
        description="Whether this server's own metadata names it (`protected_resources`, RFC 9728 section "
        "4), which anybody can read. Its `audience` is an address then.",
    )
    scopes: Annotated[dict[ScopeText, Description], Field(min_length=1, max_length=500)] | None = Field(
        default=None,
        description="Each scope with a sentence that says what it allows. Default: the API has no scopes.",
    )
    read_only: Annotated[list[ScopeText], Field(min_length=1, max_length=500)] | None = Field(
        default=None,
        description="The scopes that only read. `check` warns of a rule that lets an administrator act as "
        "somebody else with others.",
    )
    token: ApiToken = Field(
        default_factory=ApiToken.model_construct, description="What it asks of its tokens."
    )
    chain: ApiChain = Field(default_factory=ApiChain.model_construct, description="What it asks of chains.")
    disabled: bool = Field(default=False, description="Give out no token for it.")
