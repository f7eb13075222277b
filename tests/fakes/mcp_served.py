"""A real MCP server of the MCP Python SDK, on a loopback port, in front of which stands our check."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Any, Self

import uvicorn
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

from actas_sdk.mcp import ActasMiddleware, ActasTokenVerifier, current_caller

NEEDED = "tickets:read"
"""The scope that every request needs."""


class ServedMcp:
    """An MCP server with one tool, which says who called it.

    Attributes:
        address: of the server, and the audience of its tokens.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}/mcp"
        self._serving: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, issuer: str, **verifying: Any) -> None:
        """Serve, for tokens of an issuer.

        Args:
            verifying: as for `ActasTokenVerifier`.
        """
        verifier = ActasTokenVerifier(issuer, audience=self.address, **verifying)
        auth = AuthSettings.model_validate(
            {
                "issuer_url": issuer,
                "resource_server_url": self.address,
                "required_scopes": [NEEDED],
                "validate_token_resource": True,
            }
        )
        server: MCPServer[Any] = MCPServer(
            "tickets", token_verifier=verifier, lifespan=verifier.lifespan, auth=auth
        )

        @server.tool()
        async def whoami() -> dict[str, Any]:
            """Say who calls."""
            caller = current_caller()
            chain = [party.id for party in caller.chain]
            return {"subject": caller.subject.id, "client": caller.client_id, "chain": chain}

        app = server.streamable_http_app()
        app.add_middleware(ActasMiddleware, scopes=[NEEDED])
        self._serving = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=2))
        self._thread = threading.Thread(
            target=self._serving.run, kwargs={"sockets": [self._listener]}, daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._serving is not None and self._thread is not None:
            self._serving.should_exit = True
            self._thread.join()
        self._listener.close()
