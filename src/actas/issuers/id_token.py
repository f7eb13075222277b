"""ID tokens: who signed in, when and how, told to the app that asked (OpenID Connect Core section 2).

It comes with an access token, is for its client alone and lives for minutes, because it can be exchanged. Its
keys are its own (SEC-91), and it carries what it comes from, so that it ends with the session it tells of.
"""

from __future__ import annotations

from typing import Final

from actas.core.client import LONGEST_ID_TOKEN, Client, SignInTerms
from actas.core.issued import Issued
from actas.core.lineage import CLAIM, Lineage
from actas.core.permit import Permit
from actas.core.ports import Chance, JsonObject
from actas.core.secret import Secret
from actas.core.sign_in import OPENID
from actas.crypto import jose
from actas.crypto.digests import half_hash
from actas.issuers.issuer import Clients, MintedWrong
from actas.keys.ring import KeyRing

_TYP: Final = "JWT"


class IdTokenIssuer:
    """Mints ID tokens.

    Args:
        issuer: our own issuer identifier.
        clients: says what a client wants them signed with.
        keys: signs.
        chance: makes ``jti``.
    """

    def __init__(self, *, issuer: str, clients: Clients, keys: KeyRing, chance: Chance) -> None:
        self._issuer = issuer
        self._clients = clients
        self._keys = keys
        self._chance = chance

    async def tell(self, permit: Permit, issued: Issued) -> Secret | None:
        authorization = permit.authorization
        if authorization is None or OPENID not in authorization.scope:
            return None
        if authorization.client != permit.client_id:
            raise MintedWrong("it would tell another client who signed in")
        terms = _terms(self._clients.client(permit.client_id))
        algorithm = terms.algorithm
        claims = self._claims(permit, issued, terms)
        token = await self._keys.sign(claims, typ=_TYP, purpose="id_token", algorithm=algorithm)
        jws = jose.parse(token.reveal())
        if jws.unverified_claims != claims or jws.unverified_header.get("typ") != _TYP:
            raise MintedWrong("the claims are not those that were signed")
        return token

    def _claims(self, permit: Permit, issued: Issued, terms: SignInTerms) -> JsonObject:
        authorization = permit.authorization
        if authorization is None:
            raise MintedWrong("nobody signed in")
        token_id = self._chance.token(16)
        ends_at = permit.issued_at + min(terms.lives.id_token, LONGEST_ID_TOKEN)
        mark = self._keys.mark("token", self._issuer, token_id)
        claims: JsonObject = {
            "iss": self._issuer,
            "sub": permit.subject.subject,
            "aud": permit.client_id,
            "iat": permit.issued_at,
            "exp": min(ends_at, permit.not_after or ends_at),
            "jti": token_id,
            "sid": authorization.sign_in.sid,
            "at_hash": half_hash(issued.token.reveal(), terms.algorithm),
            **authorization.sign_in.how,
            "txn": authorization.id,
            CLAIM: Lineage((mark, *permit.lineage.marks), permit.lineage.since).claim(),
        }
        if authorization.nonce is not None:
            claims["nonce"] = authorization.nonce
        if permit.origin != permit.subject:
            claims["sub_id"] = {
                "format": "iss_sub",
                "iss": permit.origin.issuer,
                "sub": permit.origin.subject,
            }
        if permit.groups:
            claims["groups"] = [*permit.groups]
        return claims


def _terms(client: Client | None) -> SignInTerms:
    if client is None or client.sign_in is None:
        raise MintedWrong("nobody signs in to that client")
    return client.sign_in
