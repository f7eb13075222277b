"""What is presented as a grant of another domain and is none of the kind: told in our words, by its ``typ``.

It is read before anything is proven, and only ever refuses: what comes through is proven after it, with its
type.
"""

from __future__ import annotations

from typing import Final

from actas.core.abroad import REDEEMED
from actas.core.errors import BadToken
from actas.core.wire import AT_JWT, GRANT_JWT, ID_JAG, ID_JAG_JWT, JWT_GRANT, SHORT_TOKEN_TYPES, TokenType
from actas.crypto import jose
from actas.crypto.compact import normal_type
from actas.trust.registry import TrustedIssuer

_CALLED: Final = {
    ID_JAG_JWT: "an ID-JAG",
    GRANT_JWT: "a plain grant",
    AT_JWT: "an access token",
}
_NEITHER: Final = "neither an ID-JAG nor a plain grant, as ID tokens and most access tokens are"
_KINDS: Final = {ID_JAG: "ID-JAGs", JWT_GRANT: "plain grants"}


def require_trusted_for(issuer: TrustedIssuer, declared: TokenType, jws: jose.ParsedJws) -> None:
    """Return when an issuer is trusted for tokens that are declared so.

    Raises:
        BadToken: it is not. Of a grant it says what came, where more trust would be the wrong answer.
    """
    if declared in issuer.accepts:
        return
    if declared in REDEEMED:
        others = [words for kind, words in _KINDS.items() if kind in issuer.accepts]
        came = _came(jws)
        if others or came != (_CALLED[ID_JAG_JWT] if declared == ID_JAG else _CALLED[GRANT_JWT]):
            raise BadToken(_instead(issuer, came))
    word = next((short for short, kind in SHORT_TOKEN_TYPES.items() if kind == declared), declared)
    raise BadToken(f"the issuer {issuer.name} is not trusted for tokens declared so: accepts has no {word}")


def require_typed_as_grant(
    issuer: TrustedIssuer, declared: TokenType, jws: jose.ParsedJws, types: frozenset[str | None]
) -> None:
    """Return when what is declared to be a grant has a ``typ`` that those of its issuer have.

    Raises:
        BadToken: it has another one.
    """
    if declared in REDEEMED and _typ(jws) not in {one if one is None else normal_type(one) for one in types}:
        raise BadToken(_instead(issuer, _came(jws)))


def _instead(issuer: TrustedIssuer, came: str) -> str:
    taken = " and ".join(words for kind, words in _KINDS.items() if kind in issuer.accepts)
    said = f"{taken} alone are redeemed here" if taken else "no grants are redeemed here"
    return f"by its typ it is {came}; of the issuer {issuer.name} {said} (accepts)"


def _came(jws: jose.ParsedJws) -> str:
    return _CALLED.get(_typ(jws) or "", _NEITHER)


def _typ(jws: jose.ParsedJws) -> str | None:
    return jws.unverified_typ
