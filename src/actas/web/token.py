"""``POST /token``: the hot path, answered from raw ASGI in front of the router."""

from __future__ import annotations

from typing import Protocol

import msgspec

from actas.audit.stream import Receipt
from actas.core.errors import InvalidDpopProof, OAuthError, UseDpopNonce
from actas.exchange import Answer
from actas.web.admission import Admission
from actas.web.asgi import JSON, NO_STORE, Headers, Receive, Scope, Send, header, respond
from actas.web.body import Desk, asked
from actas.web.errors import ErrorWriter


class Deliveries(Protocol):
    """Told when an answer has left the process (REL-03)."""

    def delivered(self, receipt: Receipt) -> None:
        """Note that the answer recorded by that entry was handed to the transport."""
        ...


class GivesNonces(Protocol):
    """Makes nonces for proofs."""

    def fresh(self) -> str:
        """Return a nonce that is good from now on."""
        ...


class TokenEndpoint:
    """Answers the token endpoint.

    Args:
        exchange: the pipeline of the current configuration.
        nonces: given to whoever sends a proof, or should.
        deliveries: told of answers that left.
        admission: bounds the requests at work.
    """

    def __init__(
        self,
        exchange: Desk[Answer],
        *,
        nonces: GivesNonces,
        errors: ErrorWriter,
        deliveries: Deliveries,
        admission: Admission,
    ) -> None:
        self._exchange = exchange
        self._nonces = nonces
        self._errors = errors
        self._deliveries = deliveries
        self._admission = admission
        self._encode = msgspec.json.Encoder().encode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await asked(self._exchange, scope, receive, admission=self._admission)
        except OAuthError as refused:
            await self._errors.write(send, refused, extra=nonce_for(scope, self._nonces, refused))
            return
        entry = (b"actas-entry", answer.entry.encode("ascii"))
        headers = [JSON, *NO_STORE, entry, *nonce_for(scope, self._nonces)]
        await respond(send, status=200, headers=headers, body=self._encode(answer.body))
        gone = scope.get("extensions", {}).get("actas.gone")
        if answer.receipt is not None and not (gone is not None and gone()):
            self._deliveries.delivered(answer.receipt)


def nonce_for(scope: Scope, nonces: GivesNonces, refused: OAuthError | None = None) -> Headers:
    """Return a fresh nonce for whoever sends proofs, so that the next one need not be asked for again.

    Args:
        refused: the answer, when it is a refusal; what is wrong with a proof asks for one.
    """
    if isinstance(refused, InvalidDpopProof | UseDpopNonce) or header(scope, b"dpop"):
        return [(b"dpop-nonce", nonces.fresh().encode("ascii"))]
    return []
