"""Plain JWT grants of other domains' servers (identity chaining section 2.4, RFC 7523 section 3).

A plain grant has no type that a specification fixes. So the registration of its issuer says which values of
``typ`` it may have, and how long it may live; without that, it is our own type and five minutes. It is an
input of its own: what is an ID-JAG, or is typed as anything else, is never read here (SEC-61, RFC 8725
section 3.11).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actas.core import claims as read
from actas.core.abroad import Redeeming
from actas.core.errors import BadToken
from actas.core.party import Party, PresentedToken
from actas.core.ports import Json
from actas.core.told import Telling
from actas.core.wire import JWT_GRANT, TokenType
from actas.crypto import jose
from actas.subjects.details import with_details
from actas.subjects.jwt import ID_TOKEN_ONLY, LOGOUT_TOKEN_ONLY, OF_GRANTS, Foreign, Look
from actas.subjects.resident import Residents
from actas.subjects.revoked import require_unrevoked
from actas.trust.registry import OUR_GRANTS, JwtGrants, TrustedIssuer

_UNTYPED: Final = (None, "jwt")


class JwtGrantValidator:
    """Proves plain grants of other domains' servers.

    Args:
        foreign: proves what they sign.
        residents: knows who their people are here.
        ways: says whose grants may name no client.
    """

    def __init__(self, foreign: Foreign, residents: Residents, ways: Redeeming) -> None:
        self._foreign = foreign
        self._residents = residents
        self._ways = ways

    @property
    def token_type(self) -> TokenType:
        return JWT_GRANT

    async def validate(self, token: PresentedToken) -> Party:
        jws = jose.parse(token.value.reveal())
        unverified_issuer = jws.unverified_claims.get("iss")
        if unverified_issuer == self._foreign.ourselves:
            # IDC-41: whoever may have a grant of ours has an easier way to our own APIs, by our own rules.
            raise BadToken("it calls itself a grant of this server, which redeems none of its own")
        party = await self._foreign.prove(token, jws, self._look(jws, self._terms(unverified_issuer)))
        with Telling(party):
            here = with_details(await self._residents.as_known_here(party))
            require_unrevoked(here, self._foreign.revocations)  # also as who they are here
        return here

    def _terms(self, unverified_issuer: Json) -> JwtGrants:
        """Return what the registration of that issuer says of its grants, which its key is still to prove."""
        if not isinstance(unverified_issuer, str):
            return OUR_GRANTS
        issuer = self._foreign.trust.issuer(unverified_issuer)
        return OUR_GRANTS if issuer is None or issuer.jwt_grants is None else issuer.jwt_grants

    def _look(self, jws: jose.ParsedJws, terms: JwtGrants) -> Look:
        typed = jws.unverified_typ not in _UNTYPED
        return Look(
            types=terms.types,
            presenters=self._presenters,
            forbidden=ID_TOKEN_ONLY | LOGOUT_TOKEN_ONLY,
            exact=OF_GRANTS,
            longest=terms.longest,
            # What no type tells from an ID token is told by what no ID token says (AG-31).
            required=frozenset() if typed else frozenset({"scope"}),
        )

    def _presenters(
        self, issuer: TrustedIssuer, claims: Mapping[str, Json], audience: tuple[str, ...]
    ) -> frozenset[str]:
        """Return who may redeem it, when it is for this server alone (IDC-33): the client that it names, or
        else those whose connections say that it names none.
        """
        if audience != (self._foreign.ourselves,):
            said = ", ".join(audience)[:200]
            raise BadToken(f"its audience {said} is not this server alone", why="wrong_audience")
        read.name(claims, "jti")  # by which it is good once
        if "client_id" in claims:
            return frozenset({read.name(claims, "client_id")})
        unnamed = self._ways.naming_no_client(issuer.name)
        if not unnamed:
            raise BadToken("it names no client, and no connection says that it need not (client_claim)")
        return frozenset({one.client for one in unnamed})
