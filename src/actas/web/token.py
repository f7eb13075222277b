"""``POST /token``: the hot path, answered from raw ASGI in front of the router."""

from __future__ import annotations

from typing import Protocol

import msgspec

from actas.audit.stream import Receipt
from actas.core.errors import OAuthError
from actas.exchange import Exchange
from actas.web.admission import Admission
from actas.web.asgi import JSON, NO_STORE, Receive, Scope, Send, respond
from actas.web.body import asked
from actas.web.errors import ErrorWriter


class Deliveries(Protocol):
    """Told when an answer has left the process (REL-03)."""

    def delivered(self, receipt: Receipt) -> None:
        """Note that the answer recorded by that entry was handed to the transport."""
        ...


class TokenEndpoint:
    """Answers the token endpoint.

    Args:
        exchange: the pipeline of the current configuration.
        deliveries: told of answers that left.
        admission: bounds the requests at work.
    """

    def __init__(
        self, exchange: Exchange, *, errors: ErrorWriter, deliveries: Deliveries, admission: Admission
    ) -> None:
        self._exchange = exchange
        self._errors = errors
        self._deliveries = deliveries
        self._admission = admission
        self._encode = msgspec.json.Encoder().encode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await asked(self._exchange, scope, receive, admission=self._admission)
        except OAuthError as refused:
            await self._errors.write(send, refused)
            return
        headers = [JSON, *NO_STORE, (b"actas-entry", answer.entry.encode("ascii"))]
        await respond(send, status=200, headers=headers, body=self._encode(answer.body))
        gone = scope.get("extensions", {}).get("actas.gone")
        if answer.receipt is not None and not (gone is not None and gone()):
            self._deliveries.delivered(answer.receipt)
