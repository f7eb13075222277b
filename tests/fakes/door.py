"""The token endpoint as a server hands it requests, without a socket: raw ASGI in front of a ``House``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from actas.web.admission import Admission
from actas.web.asgi import Message, Scope
from actas.web.errors import ErrorWriter
from actas.web.gate import Endpoint
from actas.web.token import TokenEndpoint
from tests.fakes.house import ISSUER, House

FORM: Final = (b"content-type", b"application/x-www-form-urlencoded")
DOCS: Final = "https://docs.acme.example/errors"


@dataclass(frozen=True, slots=True)
class Response:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


async def call(
    endpoint: Endpoint,
    *,
    method: str = "POST",
    path: str = "/token",
    query: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = (FORM,),
    body: bytes = b"",
) -> Response:
    """Send one request to an ASGI endpoint."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": list(headers),
        "client": ("192.0.2.7", 40000),
    }
    await endpoint(scope, receive, send)
    start, *rest = sent
    return Response(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(message.get("body", b"") for message in rest),
    )


class Door:
    """The token endpoint of a house.

    Args:
        dev: answer with the whole story.
    """

    def __init__(self, house: House, *, dev: bool = False) -> None:
        errors = ErrorWriter(docs=DOCS, issuer=ISSUER, dev=dev)
        self.endpoint = TokenEndpoint(
            house.exchange,
            nonces=house.nonces,
            errors=errors,
            deliveries=house.writer,
            admission=Admission(most=64),
        )

    async def post(
        self,
        form: dict[str, Any] | bytes,
        *,
        method: str = "POST",
        query: bytes = b"",
        headers: Sequence[tuple[bytes, bytes]] = (FORM,),
    ) -> Response:
        """Send a form."""
        body = form if isinstance(form, bytes) else urlencode(form, doseq=True).encode()
        return await call(self.endpoint, method=method, query=query, headers=headers, body=body)
