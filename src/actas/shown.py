"""Tokens that are shown at an address of our own.

An access token of ours is shown in the ``Authorization`` header, as any API is shown one (``ShownTokens``);
that of a person who is there, in the form of a client (``Presence``). Each is proven anew, and taken only
from whoever holds the key that it is bound to: a DPoP key is proven for the very request (RFC 9449 section
7), a certificate by the connection (RFC 8705 section 3). What the token must be good for is left to the
address.
"""

from __future__ import annotations

from typing import Protocol

from actas.clients.dpop import Use
from actas.clients.throttle import Throttle
from actas.core.confirmation import Confirmation
from actas.core.errors import BadToken, InvalidRequest, InvalidToken
from actas.core.opaque import REFERENCE, begins_like
from actas.core.party import Caller, Party, PresentedToken
from actas.core.reason import Reason
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN
from actas.crypto.proof import ParsedProof
from actas.subjects.validator import Validators


class Tokens(Protocol):
    """Proves tokens of ours."""

    async def validate(self, token: PresentedToken) -> Party:
        """Return whom a token speaks of.

        Raises:
            BadToken: it is not proven.
        """
        ...


class Proofs(Protocol):
    """Says which keys a request proves."""

    def read(self, caller: Caller) -> ParsedProof | None:
        """Return the proof of a request, taken apart, or None when it has none.

        Raises:
            OAuthError: it cannot be read, or needs a nonce.
        """
        ...

    async def prove(
        self, proof: ParsedProof | None, *, certificate: bytes | None, use: Use | None
    ) -> Confirmation:
        """Return the keys that a request proves.

        Raises:
            OAuthError: the proof does not hold.
        """
        ...


class ShownTokens:
    """Proves tokens that requests show.

    Args:
        tokens: proves access tokens of ours.
        proofs: proves the keys that they are bound to.
        reason: why a request without a good one is refused.
        references: whether reference tokens are looked for. Anybody can make one up.
    """

    def __init__(self, *, tokens: Tokens, proofs: Proofs, reason: Reason, references: bool) -> None:
        self._tokens = tokens
        self._proofs = proofs
        self._reason: Reason = reason
        self._references = references

    async def prove(self, caller: Caller, *, method: str, url: str) -> Party:
        """Return whom the token of a request speaks of.

        Args:
            caller: who is on the other end.
            method: of the request.
            url: its public address.

        Raises:
            InvalidToken: there is no token, it does not hold, or it is bound to a key and not shown so.
            InvalidDpopProof: its key is not proven; ``UseDpopNonce`` likewise.
            StoreUnavailable: nobody knows whether it holds.
        """
        authorization = caller.authorization
        scheme, _, token = ("" if authorization is None else authorization.reveal()).partition(" ")
        if scheme.lower() not in ("bearer", "dpop") or not token:
            raise self._refusal("there is no access token in the Authorization header")
        if not self._references and begins_like(token, REFERENCE):
            raise self._refusal("it is a reference token, which is not taken here")
        try:
            party = await self._tokens.validate(PresentedToken(ACCESS_TOKEN, Secret(token), "subject"))
        except BadToken as bad:
            refusal = self._refusal(bad.detail)
            refusal.impersonation = bad.impersonation
            raise refusal from bad
        proves = scheme.lower() == "dpop"
        await self._require_key(party, caller, Use(method=method, url=url, token=token) if proves else None)
        return party

    async def _require_key(self, party: Party, caller: Caller, use: Use | None) -> None:
        """Return when the caller holds the key that its token is bound to, and shows it as such a token.

        Raises:
            InvalidToken: it does not; ``InvalidDpopProof`` when it is the proof that does not hold.
        """
        bound = party.confirmation
        to_proof_key = bound is not None and bound.jkt is not None
        if to_proof_key != (use is not None):
            # RFC 9449 section 7.2: whoever stole it could otherwise leave the proof out.
            shown = "a bearer token" if use is None else "bound to a DPoP key"
            raise self._refusal(f"it is shown as {shown}, and is not")
        if bound is None:
            return
        proof = None if use is None else self._proofs.read(caller)
        proven = await self._proofs.prove(proof, certificate=caller.certificate, use=use)
        if not proven.proves(bound):
            raise self._refusal(f"it is bound to the {bound.words}; the request proves {proven.words}")

    def _refusal(self, detail: str) -> InvalidToken:
        return InvalidToken(self._reason, detail=detail)


class Presence:
    """Proves tokens by which people show that they are there, in forms that clients send.

    Args:
        tokens: proves tokens of every declared type.
        proofs: proves the keys that they are bound to.
        throttle: makes guessing slow.
        url: the public address of the forms.
    """

    def __init__(self, *, tokens: Validators, proofs: Proofs, throttle: Throttle, url: str) -> None:
        self._tokens = tokens
        self._proofs = proofs
        self._throttle = throttle
        self._url = url

    async def prove(self, token: PresentedToken, caller: Caller, *, client: str) -> Party:
        """Return whom a token speaks of.

        Args:
            token: in the role of an actor: one that is good while nobody is there shows nobody.
            caller: who is on the other end.
            client: the name of the client that sent it.

        Raises:
            TooManyRequests: too many that were forged came before it.
            InvalidRequest: it does not hold, or is bound to a key that is not proven.
            InvalidDpopProof: the proof does not hold; ``UseDpopNonce`` likewise.
            StoreUnavailable: nobody knows whether it holds.
        """
        self._throttle.require_patience("failed_tokens", client, caller.address)
        proof = self._proofs.read(caller)
        try:
            party = await self._tokens.prove(token)
        except BadToken as bad:
            if bad.why == "forged":
                self._throttle.failed("failed_tokens", client, caller.address)
            raise bad.refusal("subject", InvalidRequest) from bad
        self._throttle.succeeded("failed_tokens", client, caller.address)
        bound = party.confirmation
        if bound is not None:
            use = Use(method="POST", url=self._url, token=token.value.reveal())
            proven = await self._proofs.prove(proof, certificate=caller.certificate, use=use)
            if not proven.proves(bound):
                detail = f"the token is bound to the {bound.words}; the request proves {proven.words}"
                raise InvalidRequest("key_not_proven", detail=detail)
        return party
