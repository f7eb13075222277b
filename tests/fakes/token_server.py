"""A token endpoint that answers whatever a test tells it to, on a real socket, and remembers what it was asked.

Implements just enough of RFC 8414 and RFC 8693 for a client::

    with TokenServer() as server:
        server.answer = granted(token)
        ...
        assert server.forms[0]["audience"] == ["inventory"]
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

from tests.fakes.forge import SigningKey, forge

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
METADATA = "/.well-known/oauth-authorization-server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def granted(token: str, **members: Any) -> Reply:
    """Answer with a token; ``members`` are put over the honest ones, ``...`` leaves out."""
    honest = {
        "access_token": token,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 120,
        "scope": "stock:read",
        **members,
    }
    body = json.dumps({name: value for name, value in honest.items() if value is not ...}).encode()
    return Reply(body=body, headers={"Actas-Entry": "x_01JD7Q8M"})


def refused(error: str, reason: str, *, status: int = 400, **headers: str) -> Reply:
    """Answer with an OAuth error."""
    body = {
        "error": error,
        "error_description": f"The sentence of {reason}.",
        "error_uri": f"https://docs.example/errors#{reason}",
    }
    return Reply(
        status=status,
        body=json.dumps(body).encode(),
        headers={
            "Actas-Entry": "x_01JD7Q8P",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
    )


class TokenServer:
    """Open while its context is.

    Attributes:
        answer: what the token endpoint answers.
        answers: asked for it each time, when it is set.
        metadata: members of its metadata that differ from honest ones; ``...`` leaves out.
        replies: answers by path, in front of the honest ones.
        paths: everything it was asked, in order.
        forms: the forms its token endpoint was sent.
        headers: the headers of those requests, names in lower case.
        key: what it signs with.
    """

    def __init__(self, *, path: str = "") -> None:
        self.path = path
        self.answer = Reply()
        self.answers: Callable[[], Reply] | None = None
        self.metadata: dict[str, Any] = {}
        self.replies: dict[str, Reply] = {}
        self.paths: list[str] = []
        self.forms: list[dict[str, list[str]]] = []
        self.headers: list[dict[str, str]] = []
        self.key = SigningKey.generate("ES256", kid="2026-11-a")
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._go = threading.Event()
        self._go.set()
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def issuer(self) -> str:
        """Its issuer identifier and address."""
        return f"http://127.0.0.1:{self._http.server_address[1]}{self.path}"

    def token(self, claims: Mapping[str, Any], *, key: SigningKey | None = None) -> str:
        """Return an access token of this server; ``...`` leaves a claim out."""
        merged = {"iss": self.issuer, "jti": "j-1", **claims}
        whole = {name: value for name, value in merged.items() if value is not ...}
        return forge(whole, key=key or self.key, headers={"typ": "at+jwt"})

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """Answer nothing until this context is left."""
        self._go.clear()
        try:
            yield
        finally:
            self._go.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _get(self, path: str) -> Reply:
        if path in self.replies:
            return self.replies[path]
        if path == METADATA + self.path:
            honest = {
                "issuer": self.issuer,
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "introspection_endpoint": f"{self.issuer}/introspect",
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
                **self.metadata,
            }
            return _document({name: value for name, value in honest.items() if value is not ...})
        if path == f"{self.path}/jwks":
            return _document({"keys": [self.key.jwk()]})
        return Reply(status=404, body=b"nothing here")


def _document(value: object) -> Reply:
    return Reply(body=json.dumps(value).encode(), headers={"Content-Type": "application/json"})


def _handler(server: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.paths.append(self.path)
            self._reply(server._get(self.path))

        def do_POST(self) -> None:
            server.paths.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode("ascii")
            server.forms.append(parse_qs(body, keep_blank_values=True, strict_parsing=True))
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            self._reply(server.answer if server.answers is None else server.answers())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Stay quiet."""

        def _reply(self, reply: Reply) -> None:
            server._go.wait()
            with contextlib.suppress(OSError):  # whoever asked may have gone
                self._write(reply)

        def _write(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

    return Handler
