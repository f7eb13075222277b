"""Every door of a server in this process, as the router has them, and a token carried to them in every way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from actas.app.assembly import Assembly
from actas.web.gate import BELOW, Endpoint
from tests.fakes.door import FORM, Response, call
from tests.fakes.served import Company

ISSUER = "http://127.0.0.1:8693"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass
class Doors:
    """A server in this process, and a token of its own that none of its doors takes."""

    company: Company
    house: Assembly
    token: str = ""

    @property
    def doors(self) -> dict[str, Endpoint]:
        return {path: door for path, door in self.house.gate.endpoints.items() if not path.endswith(BELOW)}

    async def post(self, path: str, form: dict[str, Any], *headers: tuple[bytes, bytes]) -> Response:
        body = urlencode({key: value for key, value in form.items() if value is not None}).encode()
        return await call(self.doors[path], path=path, headers=[FORM, *headers], body=body)

    def carries(self) -> tuple[tuple[bytes, bytes], ...]:
        """The token wherever a header may hold one."""
        token = self.token.encode()
        return (
            (b"authorization", b"Bearer " + token),
            (b"cookie", b"actas-session=" + token + b"; actas-browser=" + b"b" * 43),
            (b"origin", ISSUER.encode()),
        )
