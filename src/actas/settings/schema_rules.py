"""The form of exchange rules. Which fields go together is checked in ``check_rules``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from actas.keys.life import LONGEST_REFRESH
from actas.settings.forms import Form, OneOrMany, OrWord, shape
from actas.settings.schema_impersonation import RuleImpersonation
from actas.settings.schema_parties import Conditions, Description, LabelText, NameText, ScopeText
from actas.settings.schema_server import BindingWord, ChainDepth, TokenLifetime
from actas.settings.schema_strangers import ClientName
from actas.settings.values import CLAIM, Duration, Prose

Kind = Literal["person", "service", "agent", "app"]
ShortTokenType = Literal["access_token", "id_token", "jwt", "refresh_token"]

_Names = Annotated[list[NameText], Field(min_length=1, max_length=1000), OneOrMany()]
_Clients = Annotated[list[Annotated[str, ClientName()]], Field(min_length=1, max_length=1000), OneOrMany()]
_Labels = Annotated[list[LabelText], Field(min_length=1, max_length=1000)]
_Kinds = Annotated[list[Kind], Field(min_length=1, max_length=4)]
_Bought = Annotated[
    dict[ScopeText, Annotated[list[ScopeText], Field(max_length=500)]], Field(min_length=1, max_length=500)
]
_Scopes = Annotated[_Bought | Literal["same"], OrWord("same")]


class SubjectSelector(Form):
    """Which subjects. Every field that is given must match; in a list, one of it must."""

    later_words = frozenset({"saml1", "saml2"})

    from_: _Names | None = Field(
        default=None,
        alias="from",
        description="The issuers of the token, or of who is only named; `actas` is this server. "
        "An allow must say it.",
    )
    token_types: Annotated[list[ShortTokenType], Field(min_length=1, max_length=4)] | None = Field(
        default=None, description="What the token is presented as."
    )
    audience: Annotated[list[LabelText], Field(min_length=1, max_length=100), OneOrMany()] | None = Field(
        default=None,
        description="Whom the token is meant for: names of APIs, or values of `aud`. One of them must be in "
        "the token.",
    )
    kinds: _Kinds | None = Field(default=None, description="What the party is.")
    groups: _Labels | None = Field(default=None, description="A group that the party is in.")
    names: _Labels | None = Field(default=None, description="The party's name here.")
    relay: Literal[True] | None = Field(
        default=None,
        description="`true` lets the client pass on a token that is bound to its caller's key (`cnf`), "
        "without proof of that key. For services that act with the tokens they are called with. In an "
        "allow only.",
    )
    impersonated: Literal[True] | None = Field(
        default=None,
        description="`true` takes a token of this server too under which somebody acts as somebody else; the "
        "new one belongs to the same impersonation and never outlives it. Without it such a token is "
        "refused. Of the subject only, in an allow of delegation or downscope.",
    )
    unbind: Literal[True] | None = Field(
        default=None,
        description="`true` lets whoever holds a bound token have one that is bound to nothing. In an "
        "allow only.",
    )


class ActorSelector(SubjectSelector):
    """Which actors: the party of the actor token, or else the client itself."""

    required: bool | None = Field(
        default=None, description="Whether an actor token must be sent. In an allow only."
    )
    chain: Literal["flatten"] | None = Field(
        default=None,
        description="`flatten` takes the earlier actors of the actor token into the new token. Without it "
        "such an actor token is refused. In an allow only.",
    )


class ClientKinds(Form):
    """Clients by what they are."""

    kinds: Annotated[list[Literal["app", "service", "agent"]], Field(min_length=1, max_length=3)] = Field(
        description="What the client is."
    )


class ChainForm(Form):
    """Somebody anywhere in the chain, the subject and the acting party included."""

    kinds: _Kinds | None = Field(default=None, description="What somebody in the chain is.")
    names: _Labels | None = Field(default=None, description="What somebody in the chain is called here.")


class Target(Form):
    """What the new token is for."""

    api: _Names | None = Field(
        default=None, description="The APIs, by name. Left out: any, which only a deny may say."
    )
    scopes: Annotated[list[ScopeText], Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="In a deny: only these scopes are denied, not the whole API."
    )


class Refresh(Form):
    """For how long an exchange may be done again by refresh tokens."""

    lifetime: Annotated[int, Duration(60, LONGEST_REFRESH)] = Field(
        description="From the exchange on, however often it is done again: at most 90 days."
    )
    idle: Annotated[int, Duration(60, LONGEST_REFRESH)] = Field(
        default=24 * 3600, description="From the last time on; a token that is not used ends then."
    )


class RuleToken(Form):
    """What the rule asks of the new token."""

    later = frozenset({"format"})

    lifetime: TokenLifetime | None = Field(
        default=None, description="Its longest life. Default: from the API, then from `defaults`."
    )
    binding: BindingWord | None = Field(
        default=None,
        description="What it is bound to at least, as in `defaults`: of rule, API and defaults, the word "
        "that asks for more wins.",
    )
    refresh: Refresh | None = Field(
        default=None,
        description="Lets the client ask for a refresh token (`requested_token_type`), by which it may do "
        "the exchange again when the subject token has ended. For delegation and translation of other "
        "issuers' tokens. Default: no.",
    )
    claims: (
        Annotated[
            dict[Annotated[str, CLAIM], Annotated[str, Prose(1024)]], Field(min_length=1, max_length=32)
        ]
        | None
    ) = Field(
        default=None,
        description="Claims to add, each a CEL expression. The claims that this server writes itself cannot "
        "be set.",
        examples=[{"partner": '"west"'}],
    )


class RuleForm(Form):
    """One sentence of exchange policy. Any deny wins, no allow means no, order never matters."""

    later = frozenset({"decide"})

    name: NameText = Field(description="What logs and people call it.")
    description: Description | None = Field(default=None, description="What it is for.")
    allow: Literal["delegation", "impersonation", "translation", "downscope", "own"] | None = Field(
        default=None,
        description="The kind of exchange it allows: `delegation` names subject and actor in the new token, "
        "`impersonation` only the subject, or lets an administrator act as a person, when it names an "
        "`actor` or says `by_identifier`, `translation` makes a foreign token one of ours, `downscope` "
        "narrows a token of ours, `own` gives the client a token for itself. None implies another.",
    )
    deny: (
        Literal["delegation", "impersonation", "translation", "downscope", "own", "sign_in", "any"] | None
    ) = Field(default=None, description="The kind of exchange it denies, or `any`.")
    client: (
        Annotated[
            Annotated[_Clients, Tag("names")] | Annotated[ClientKinds, Tag("mapping")], Discriminator(shape)
        ]
        | None
    ) = Field(
        default=None,
        description="Who asks: a name, a list of names, or `{ kinds: […] }`. A client that publishes what it "
        "is (`client_metadata_documents`) is named by the address of its document; an allow by `kinds` never "
        "means one, a deny does. Left out: any, which only a deny may say.",
    )
    subject: SubjectSelector | None = Field(
        default=None, description="Whom the token speaks about. An allow must say it, except for `own`."
    )
    actor: ActorSelector | None = Field(
        default=None, description="Who will act. Default in an allow: the client itself."
    )
    chain: ChainForm | None = Field(default=None, description="Somebody anywhere in the chain.")
    target: Target | None = Field(default=None, description="What the token is for. An allow must say it.")
    scopes: _Scopes | None = Field(
        default=None,
        description="What scopes of the subject token buy at the target: a mapping of held scope to bought "
        "scopes; under `any`, what is bought whatever is held; or the word `same`, to narrow within one API. "
        "An allow must say it.",
    )
    when: Conditions | None = Field(
        default=None,
        description="CEL over `subject`, `actor`, `chain`, `client`, `target`, `request` and `now`: one "
        "condition or a list, all of which must be true. One that cannot be evaluated refuses.",
    )
    token: RuleToken = Field(
        default_factory=RuleToken.model_construct, description="What it asks of the new token."
    )
    impersonation: RuleImpersonation | None = Field(
        default=None,
        description="For an `allow: impersonation` of an administrator: what it asks of them.",
    )
    max_depth: ChainDepth | None = Field(
        default=None, description="The most actors the new token may name. Default: from API and `defaults`."
    )
    reason: Annotated[str, Prose(500)] | None = Field(
        default=None, description="What people read when a deny refuses them. A deny must have one."
    )
    disabled: bool = Field(default=False, description="Leave the rule out.")
