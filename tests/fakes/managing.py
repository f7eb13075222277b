"""A server that can be managed: one client for each role, and calls of the management API."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.fakes.server import RealServer
from tests.fakes.wire import Reply, ask

HOLDERS: Final = {"chief": "owner", "hand": "operator", "eye": "auditor"}
"""The clients that hold a role."""


def managed(folder: Path, *, database: str | None = None) -> RealServer:
    """Return a server, not started, whose configuration says who may manage it.

    Args:
        database: the URL of its PostgreSQL; None for a file.
    """
    server = RealServer(folder, database=database)
    company = server.company
    for name in (*HOLDERS, "stranger"):
        company.secrets[name] = f"canary-{name}-{secrets.token_hex(16)}"
        company.environ[f"{name.upper()}_SECRET"] = company.secrets[name]
        company.tree["clients"].append(
            {
                "name": name,
                "kind": "service",
                "auth": {"method": "client_secret", "secret": {"env": f"{name.upper()}_SECRET"}},
                "grants": ["client_credentials"],
                "may_request": {"apis": ["inventory"]},
            }
        )
    company.tree["admins"] = [{"client": name, "role": role} for name, role in HOLDERS.items()]
    company.named("rules", "own-counts")["client"] += ["stranger", "eye"]
    company.tree["tests"] = [
        {
            "name": "nightly counts",
            "ask": {"client": "nightly", "api": "inventory", "scope": "stock:read"},
            "expect": {"granted": ["stock:read"]},
        }
    ]
    return server


class Managing:
    """Calls as one client.

    Args:
        server: the server that is managed.
        who: the client; None for nobody.
    """

    def __init__(self, server: RealServer, who: str | None, **asked: Any) -> None:
        self.server = server
        self.token = None
        if who is not None:
            form = server.company.own(who, **{"audience": f"{server.issuer}/api", **asked})
            self.token = server.token(form)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        match: str | None = None,
    ) -> Reply:
        """Send one call."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if match is not None:
            sent["If-None-Match" if match == "*" else "If-Match"] = match
        data = b""
        if body is not None:
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        return ask(self.server.port, method, f"{self.server.path}/api/v1{path}", headers=sent, body=data)

    def put(self, path: str, document: Any, match: str = "*") -> Reply:
        """Make an object, or replace it."""
        return self("PUT", path, document, match=match)


def offered_client(name: str, **fields: Any) -> dict[str, Any]:
    """Return the document of a client whose secret the server makes."""
    return {
        "name": name,
        "kind": "service",
        "auth": {"method": "client_secret", "secret": {"generated": True}},
        "grants": ["client_credentials"],
        "may_request": {"apis": ["inventory"]},
        **fields,
    }


def last(server: RealServer, event: str) -> dict[str, Any]:
    """Return the newest entry of an event."""
    return max((one for one in server.events() if one["event"] == event), key=lambda one: str(one["id"]))
