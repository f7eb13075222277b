"""Which key does this request prove? DPoP proofs (RFC 9449 section 4.3) and client certificates (RFC 8705).

A proof is for one request: for a token, or for the use of one at an address of ours (section 7).

Two looks, one before and one after the client is authenticated. The first takes the proof apart and asks for
a nonce, so that a client may send the same assertion again with it. The second checks the signature and uses
up the ``jti``, and costs anything only for clients that we know (SEC-08).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from actas.clients.nonces import Nonces
from actas.core import claims as read
from actas.core.confirmation import NO_KEY, Confirmation
from actas.core.errors import BadToken, InvalidDpopProof, UseDpopNonce
from actas.core.metrics import REPLAYS_REFUSED, UNMETERED, Meter
from actas.core.party import Caller
from actas.core.ports import Clock, Json, JsonObject, MarkStore
from actas.core.uri import normal_uri
from actas.core.wire import DPOP_JWT
from actas.crypto.proof import ParsedProof, parse_proof, prove
from actas.crypto.thumbprint import access_token_hash, certificate_thumbprint

EARLY: Final = 30
"""Seconds by which the clock of whoever makes a proof may be ahead of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The use of an access token that a proof is for.

    Attributes:
        method: of the request.
        url: its public address.
        token: the access token that it shows.
    """

    method: str
    url: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofChecker:
    """Checks proofs for token requests, and for the use of tokens at addresses of ours.

    Attributes:
        url: the public address of the endpoint at which tokens are asked for, from the configuration: what a
            request says of its own address could have been made up with it.
        max_age: seconds since a proof was made for which it is taken.
        marks: where a used ``jti`` is remembered, for all nodes.
        meter: told of every proof that was used before.
    """

    url: str
    max_age: int
    nonces: Nonces
    marks: MarkStore
    clock: Clock
    meter: Meter = UNMETERED

    def read(self, caller: Caller) -> ParsedProof | None:
        """Return the proof of a request, taken apart, or None when it has none. Nothing is proven yet.

        Raises:
            InvalidDpopProof: there are several, or it cannot be read.
            UseDpopNonce: it has no nonce where one is needed, or one that is not ours or too old.
        """
        if not caller.proofs:
            return None
        sent, *others = caller.proofs
        if others:
            raise InvalidDpopProof(detail="several DPoP headers")
        try:
            proof = parse_proof(sent.reveal(), typ=DPOP_JWT)
        except BadToken as bad:
            raise InvalidDpopProof(detail=bad.detail) from bad
        self._check_nonce(proof.unverified_claims)
        return proof

    async def prove(
        self, proof: ParsedProof | None, *, certificate: bytes | None, use: Use | None = None
    ) -> Confirmation:
        """Return the keys that a request proves, and use its proof up.

        Args:
            proof: that of the request, taken apart.
            certificate: the client certificate whose key the connection proved, in DER.
            use: what the proof must be for; None for a token request.

        Raises:
            InvalidDpopProof: it is not made by its key, not for this request, not of now, or was used before.
            StoreUnavailable: it cannot be said whether it was.
        """
        x5t = None if certificate is None else certificate_thumbprint(certificate)
        if proof is None:
            return NO_KEY if x5t is None else Confirmation(x5t=x5t)
        try:
            claims, key = prove(proof)
            token_id = read.name(claims, "jti")
            issued_at = self._check_request(claims, use)
            first = await self.marks.claim(
                purpose="dpop",
                issuer=key.thumbprint,
                token_id=token_id,
                issued_at=issued_at,
                expires_at=issued_at + self.max_age + EARLY,
            )
        except BadToken as bad:
            raise InvalidDpopProof(detail=bad.detail) from bad
        if not first:
            self.meter.count(REPLAYS_REFUSED, "dpop")
            raise InvalidDpopProof(detail="the jti of the proof was used before")
        return Confirmation(jkt=key.thumbprint, x5t=x5t)

    def _check_nonce(self, unverified_claims: JsonObject) -> None:
        nonce: Json = unverified_claims.get("nonce")
        if "nonce" not in unverified_claims:
            if self.nonces.required:
                raise UseDpopNonce(detail="the proof has no nonce")
        elif not self.nonces.is_good(nonce):
            raise UseDpopNonce(detail="the nonce of the proof is not one of ours, or too old")

    def _check_request(self, claims: JsonObject, use: Use | None) -> int:
        """Check that the proof is for this request and of now; return when it was made."""
        method, url = ("POST", self.url) if use is None else (use.method, use.url)
        if claims.get("htm") != method:
            raise BadToken(f"the htm of the proof is not {method}")
        if not _is_at(claims.get("htu"), url):
            raise BadToken(f"the htu of the proof is not {url}")
        if use is not None:
            if claims.get("ath") != access_token_hash(use.token):
                raise BadToken("the ath of the proof is not that of the token")
        elif "ath" in claims:
            # Such a proof was made to show a token to somebody, not to ask for one (RFC 9449 section 4.2).
            raise BadToken("the proof is for the use of an access token: it has ath")
        issued_at = read.instant(claims, "iat")
        now = self.clock.now()
        if issued_at - EARLY > now:
            raise BadToken("the iat of the proof is in the future")
        if now - issued_at > self.max_age:
            raise BadToken(f"the proof is more than {self.max_age} s old")
        return issued_at


def _is_at(htu: Json, url: str) -> bool:
    if htu == url:  # nearly every time
        return True
    normal = normal_uri(htu) if isinstance(htu, str) else None
    return normal is not None and normal == normal_uri(url)
