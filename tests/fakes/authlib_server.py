"""Another company's server, written with Authlib as its documentation says to: it gives grants and redeems them.

It is on a real socket. What it decides is Authlib's own (``authlib.oauth2.drafts.id_jag``); here is only what that
leaves to whoever runs it: who its clients and people are, whose grants it takes, and how it is reached.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

import requests
from authlib.oauth2.drafts.id_jag import IDJAGGrant  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    AuthorizationServer,
    ClientMixin,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload  # type: ignore[import-untyped]
from authlib.oauth2.rfc6750 import BearerTokenGenerator  # type: ignore[import-untyped]
from joserfc.jwk import ECKey, KeySet, RSAKey

WELL_KNOWN = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


class AuthlibServer:
    """The server, open while the context is.

    Args:
        clients: secrets by client.
        takes: the issuer whose grants it takes; None takes nobody's.
        path: what its issuer identifier ends with.
        key: what it signs with; a new one for ES256 when left out.
        keys_at: where its keys are published.

    Attributes:
        issuer: its issuer identifier; ``origin`` without what follows the port.
        key: what it signs with; published.
        given: what it gave for each of its tokens: client, person and scope.
    """

    def __init__(
        self,
        *,
        clients: dict[str, str],
        takes: str | None = None,
        path: str = "",
        key: ECKey | RSAKey | None = None,
        keys_at: str = "/jwks",
    ) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self.origin = f"http://127.0.0.1:{self._http.server_port}"
        self.issuer = f"{self.origin}{path}"
        self.key = key or ECKey.generate_key(
            "P-256", parameters={"kid": "authlib", "alg": "ES256", "use": "sig"}
        )
        self._keys_at = keys_at
        self.clients = clients
        self.takes = takes
        self.given: dict[str, tuple[str, str, str]] = {}
        self.used: set[str] = set()
        self._server = _server(self)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    def grant(self, audience: str, subject: str, client_id: str, **how: Any) -> str:
        """Return a grant that Authlib signs; ``how`` is what its ``sign`` takes beside."""
        about = {"alg": str(self.key.alg), "header": {"kid": self.key.kid}}
        terms = {"key": self.key, "expires_in": 300, **about, **how}
        signed: str = IDJAGGrant.sign(
            issuer=self.issuer, audience=audience, subject=subject, client_id=client_id, **terms
        )
        return signed

    def got(self, path: str) -> dict[str, Any] | None:
        """What a GET is answered with."""
        if path == self._keys_at:
            return {"keys": [self.key.as_dict(private=False)]}
        if path not in WELL_KNOWN:
            return None
        return {
            "issuer": self.issuer,
            "token_endpoint": f"{self.origin}/token",
            "jwks_uri": f"{self.origin}{self._keys_at}",
            "response_types_supported": [],
            "grant_types_supported": [IDJAGGrant.GRANT_TYPE],
        }

    def posted(self, form: dict[str, str], headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """What a POST to the token endpoint is answered with."""
        # Authlib wants TLS, which ends before a server like this one.
        request = OAuth2Request("POST", "https://behind.a.proxy.example/token", headers=headers)
        request.payload = BasicOAuth2Payload(form)
        request._body = form
        status, body = self._server.create_token_response(request)
        return status, body


def _server(here: AuthlibServer) -> Any:
    class Client(ClientMixin):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            self.name = name

        def get_client_id(self) -> str:
            return self.name

        def get_allowed_scope(self, scope: str) -> str:
            return scope

        def check_client_secret(self, secret: str) -> bool:
            return here.clients[self.name] == secret

        def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
            return method == "client_secret_basic"

        def check_grant_type(self, grant_type: str) -> bool:
            return bool(grant_type == IDJAGGrant.GRANT_TYPE)

    class Redeeming(IDJAGGrant):  # type: ignore[misc]
        def get_audiences(self) -> list[str]:
            return [here.issuer]

        def resolve_issuer_key(self, issuer: str, _headers: dict[str, Any]) -> KeySet:
            found: KeySet = KeySet([])
            if issuer == here.takes:
                about = requests.get(f"{issuer}{WELL_KNOWN[0]}", timeout=20).json()
                found = KeySet.import_key_set(requests.get(about["jwks_uri"], timeout=20).json())
            return found

        def authenticate_user(self, subject: str) -> str:
            return subject

        def check_jti(self, _claims: dict[str, Any], jti: str) -> bool:
            fresh = jti not in here.used
            here.used.add(jti)
            return fresh

        def check_id_jag_permission(self, _client: Client, _user: str, scopes: list[str]) -> bool:
            return set(scopes) <= {"tickets:read", "tickets:comment"}

    class Server(AuthorizationServer):  # type: ignore[misc]
        def query_client(self, client_id: str) -> Client | None:
            return Client(client_id) if client_id in here.clients else None

        def save_token(self, token: dict[str, Any], request: Any) -> None:
            given = (request.client.name, request.user, token["scope"])
            here.given[token["access_token"]] = given

        def create_oauth2_request(self, request: Any) -> Any:
            return request

        def handle_response(self, status: int, body: Any, _headers: Any) -> tuple[int, Any]:
            return status, body

        def send_signal(self, *_about: Any, **_more: Any) -> None:
            pass

    server = Server()
    server.register_token_generator("default", BearerTokenGenerator(lambda **_: f"t-{len(here.given)}"))
    server.register_grant(Redeeming)
    return server


def _handler(here: AuthlibServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = here.got(self.path)
            self._answer(404 if found is None else 200, found or {})

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(*here.posted(dict(parse_qsl(form)), dict(self.headers)))

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_said: Any) -> None:
            pass

    return Handler
