"""The forms of what only plain grants have, the general form of identity chaining."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Discriminator, Field, Tag

from actas.core.abroad import LONGEST_GRANT
from actas.core.wire import GRANT_JWT
from actas.settings.forms import Form, OneOrMany, shape
from actas.settings.values import CLAIM, MEDIA_TYPE, Duration, Prose, Scope

LONGEST_FOREIGN_GRANT: Final = 3600
"""Seconds that ``jwt_grants.max_life`` and ``id_jag_max_life`` may be at most."""

SHORTEST_GRANT: Final = 60
"""Seconds that a plain grant of ours lives at least, where nothing that it comes of ends sooner (IDC-21)."""

WAYS: Final = ("auth_time", "acr", "amr")
"""The claims that cross unchanged or not at all (IDC-57)."""

_Scope = Annotated[str, Scope()]
_Scopes = Annotated[list[_Scope], Field(min_length=1, max_length=500), OneOrMany()]
_Bought = Annotated[
    dict[_Scope, Annotated[list[_Scope], Field(min_length=1, max_length=500), OneOrMany()]],
    Field(min_length=1, max_length=500),
]
ScopesThere = Annotated[
    Annotated[_Scopes, Tag("names")] | Annotated[_Bought, Tag("mapping")], Discriminator(shape)
]
"""Scopes of another domain: as a list, or each by what it is bought with."""


class TranscribedClaim(Form):
    """One claim that crosses, and where it comes from: a claim as it is, or an expression."""

    claim: Annotated[str, CLAIM] | None = Field(
        default=None, description="The claim of the token that comes in, taken as it is."
    )
    value: Annotated[str, Prose(1024)] | None = Field(
        default=None,
        description="CEL, as in a rule, in place of `claim`.",
        examples=['subject.claims.country == "de" ? "eu" : "other"'],
    )
    required: bool = Field(
        default=True,
        description="Whether the request is refused when there is no such claim, or the expression gives "
        "nothing. Otherwise the claim is left out.",
    )


Transcribed = Annotated[dict[Annotated[str, CLAIM], TranscribedClaim], Field(min_length=1, max_length=32)]
"""The claims that cross, each by what it is called in what goes out."""


class JwtGrantsForm(Form):
    """What the plain grants of an issuer look like, which no specification says."""

    types: Annotated[list[Annotated[str, MEDIA_TYPE]], Field(min_length=1, max_length=8), OneOrMany()] = (
        Field(
            default_factory=lambda: [GRANT_JWT],
            description="The values of the header `typ` that its grants may have, and no others; `none` "
            "is for absent. What is typed as another kind of token never is one. Default: "
            f"`{GRANT_JWT}`, which is what servers like this one write.",
            examples=[["authorization-grant+jwt", "jwt"]],
        )
    )
    max_life: Annotated[int, Duration(1, LONGEST_FOREIGN_GRANT)] = Field(
        default=LONGEST_GRANT, description="How long one may live, from `iat` to `exp`."
    )


ChainForm = Literal["keep", "prune", "pairwise"]


def each_scope(scopes: list[str] | dict[str, list[str]]) -> list[str]:
    """Return the scopes that a grant may carry, each once, in the order that they are written."""
    if isinstance(scopes, dict):
        return [*dict.fromkeys(one for bought in scopes.values() for one in bought)]
    return [*dict.fromkeys(scopes)]
