"""Identity assertion grants of other domains' servers (ID-JAG section 4.4.1).

One that is encrypted is decrypted before, and is then like any other: encryption says nothing of who did it
(JAG-153). The issuer is found first, and must be registered for exactly this (SEC-58); its keys and no others
verify the grant; then its ``typ``, that it is for this server and nobody else, and that everything is in it
that a grant must say (SEC-59). Whether the client that presents it is the one that it names is for the judge
to say, and that it is redeemed once is settled when the token is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import msgspec

from actas.core import claims as read
from actas.core.abroad import LONGEST_GRANT
from actas.core.errors import BadToken
from actas.core.party import Party, PresentedToken
from actas.core.ports import Json
from actas.core.told import Telling
from actas.core.wire import ID_JAG, ID_JAG_JWT, TokenType
from actas.crypto import jose
from actas.crypto.jwe import Encrypted, is_encrypted, read_encrypted
from actas.subjects.details import with_details
from actas.subjects.jwt import ID_TOKEN_ONLY, LOGOUT_TOKEN_ONLY, OF_GRANTS, Foreign, Look
from actas.subjects.resident import Residents
from actas.subjects.revoked import require_unrevoked
from actas.trust.registry import TrustedIssuer


class Decrypts(Protocol):
    """Our keys that decrypt (``keys.ring``)."""

    async def decrypt(self, token: Encrypted) -> str:
        """Return what is in a token; BadToken when it cannot be decrypted."""
        ...


class IdJagValidator:
    """Proves grants of other domains' servers.

    Args:
        foreign: proves what they sign.
        residents: knows who their people are here.
        keys: decrypts.
    """

    def __init__(self, foreign: Foreign, residents: Residents, keys: Decrypts) -> None:
        self._foreign = foreign
        self._residents = residents
        self._keys = keys
        self._look = Look(
            types=frozenset({ID_JAG_JWT}),
            presenters=self._presenters,
            forbidden=ID_TOKEN_ONLY | LOGOUT_TOKEN_ONLY,
            exact=OF_GRANTS,
            longest=LONGEST_GRANT + jose.LEEWAY,
        )

    @property
    def token_type(self) -> TokenType:
        return ID_JAG

    async def validate(self, token: PresentedToken) -> Party:
        text = token.value.reveal()
        sealed = read_encrypted(text, typ=ID_JAG_JWT) if is_encrypted(text) else None
        # What is in it must be signed: it is read as a JWS, so that another layer of encryption is refused.
        jws = jose.parse(text if sealed is None else await self._keys.decrypt(sealed))
        if jws.unverified_claims.get("iss") == self._foreign.ourselves:
            # SEC-57: whoever may have a grant of ours has an easier way to our own APIs, by our own rules.
            raise BadToken("it calls itself a grant of this server, which redeems none of its own")
        party = await self._foreign.prove(token, jws, self._look_of(jws.unverified_claims.get("iss")))
        with Telling(party):
            here = with_details(await self._residents.as_known_here(party))
            require_unrevoked(here, self._foreign.revocations)  # also as who they are here
        return here if sealed is None else msgspec.structs.replace(here, encrypted_to=sealed.header.kid)

    def _look_of(self, unverified_issuer: Json) -> Look:
        """Return what the grants of that issuer look like, which its key is still to prove: where nobody says
        otherwise, they live five minutes (JAG-7), and a little more by a clock that is set meanwhile.
        """
        issuer = self._foreign.trust.issuer(unverified_issuer) if isinstance(unverified_issuer, str) else None
        if issuer is None or issuer.longest_id_jag == LONGEST_GRANT:
            return self._look
        return replace(self._look, longest=issuer.longest_id_jag + jose.LEEWAY)

    def _presenters(
        self, _issuer: TrustedIssuer, claims: Mapping[str, Json], audience: tuple[str, ...]
    ) -> frozenset[str]:
        """Return the client that the grant names, when it is for this server alone (JAG-62, JAG-63)."""
        if audience != (self._foreign.ourselves,):
            said = ", ".join(audience)[:200]
            raise BadToken(f"its audience {said} is not this server alone", why="wrong_audience")
        client, _ = read.several(claims, "client_id", "jti")
        return frozenset({client})
