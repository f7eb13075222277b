"""What an error is called where grants between domains have another word than the exchange. Pure."""

from __future__ import annotations

from typing import Final

from actas.core.errors import InvalidDpopProof, InvalidGrant, InvalidRequest, InvalidTarget, OAuthError
from actas.core.errors_of_cross_app import InvalidAuthorizationDetails
from actas.core.wire import ID_JAG, JWT_BEARER, GrantType, TokenType

_OF_ASKING: Final[frozenset[type[OAuthError]]] = frozenset({InvalidRequest})
_OF_REDEEMING: Final[frozenset[type[OAuthError]]] = frozenset(
    {InvalidRequest, InvalidTarget, InvalidDpopProof, InvalidAuthorizationDetails}
)


def as_called(
    error: type[OAuthError], *, grant_type: GrantType, requested: TokenType | None
) -> type[OAuthError]:
    """Return the error that a caller expects.

    Whoever asks for a grant for another server is told ``invalid_grant`` of a subject token that is not good
    (ID-JAG section 4.3.4.3, JAG-53). Whoever redeems one is told so of everything that the grant does not
    give: another client, another API, a key that is not proven (sections 4.4.1 and 9.8; RFC 7521 section
    4.1.1).

    Args:
        error: what it is called in an exchange.
        requested: the type of token that was asked for, if it came to that.
    """
    if grant_type == JWT_BEARER:
        return InvalidGrant if error in _OF_REDEEMING else error
    return InvalidGrant if requested == ID_JAG and error in _OF_ASKING else error
