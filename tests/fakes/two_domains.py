"""Two companies with a server each, both managed: people of the first get at an API of the second.

``desk`` is an app of the first, which is ``acme-desk`` to the second.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.fakes.managing import Managing, managed
from tests.fakes.program import Program
from tests.fakes.server import RealServer

API: Final = "https://api.tickets.example"
GIVES: Final = "desk-to-tickets"
TAKES: Final = "acme-desk-to-tickets"


class TwoDomains:
    """The first server vouches (``home``), the second redeems (``tickets``). Neither is started.

    Args:
        folder: empty.
    """

    def __init__(self, folder: Path) -> None:
        self.home = managed(folder / "home")
        self.tickets = managed(folder / "tickets")
        self._at_home()
        self._at_tickets()

    def connection(self, **changes: Any) -> dict[str, Any]:
        """Return the connection by which home gives grants."""
        return {
            "name": GIVES,
            "direction": "issue",
            "client": "desk",
            "resource": {
                "issuer": self.tickets.issuer,
                "client_id": "acme-desk",
                "resource": API,
                "scopes": ["tickets:read", "tickets:comment"],
            },
            "people": {"groups": ["support"]},
            "sign_in": {"max_age": "8h"},
            "lifetime": "2m",
            **changes,
        }

    def acceptance(self, **changes: Any) -> dict[str, Any]:
        """Return the connection by which tickets redeems them."""
        return {
            "name": TAKES,
            "direction": "accept",
            "from": "acme",
            "client": "acme-desk",
            "api": "tickets",
            "scopes": ["tickets:read"],
            "people": {"unknown": "create"},
            **changes,
        }

    def _at_home(self) -> None:
        company = self.home.company
        company.environ["A_PASSWORD"] = "correct horse battery"
        company.tree["users"] = [
            {"name": "alice", "email": "alice@acme.example", "groups": ["support"]},
            {"name": "bob", "groups": ["sales"]},
            {"name": "carol", "groups": ["support"], "disabled": True},
        ]
        for user in company.tree["users"]:
            user["password"] = {"env": "A_PASSWORD"}
        company.named("clients", "desk").update(
            redirect_uris=["https://desk.acme.example/callback"],
            grants=["token_exchange", "authorization_code"],
            may_request={"apis": ["orders"]},
        )
        company.tree["connections"] = [self.connection()]

    def _at_tickets(self) -> None:
        company = self.tickets.company
        company.environ["ACME_DESK_SECRET"] = "the-secret-of-acme-desk-at-tickets"
        company.tree["issuers"].append(
            {"name": "acme", "type": "oidc", "issuer": self.home.issuer, "accepts": ["id_jag"]}
        )
        company.tree["apis"].append(
            {
                "name": "tickets",
                "audience": API,
                "scopes": {"tickets:read": "Read", "tickets:comment": "Comment"},
            }
        )
        company.tree["clients"].append(
            {
                "name": "acme-desk",
                "kind": "app",
                "auth": {"method": "client_secret", "secret": {"env": "ACME_DESK_SECRET"}},
                "grants": ["jwt_bearer"],
                "may_request": {"apis": ["tickets"]},
            }
        )
        company.tree["connections"] = [self.acceptance()]


def program(home: Path, at: RealServer, who: str = "eye", *others: RealServer) -> Program:
    """Return the command line, at which somebody is signed in at a server, and at others besides."""
    actas = Program(home, environ={"ACTAS_SERVER": at.base, "ACTAS_TIMEOUT": "20"}, now=time.time())
    for server in (at, *others):
        secret = {"ACTAS_CLIENT_SECRET": server.company.secrets[who], "ACTAS_SERVER": server.base}
        ran = actas("login", "--client", who, environ=secret)
        assert ran.code == 0, ran.err
    return actas


def tried(at: Managing, name: str, **asked: Any) -> dict[str, Any]:
    """Return what the management API says of a connection that is tried."""
    reply = at("POST", f"/connections/{name}/try", asked)
    assert reply.status == 200, reply
    body: dict[str, Any] = json.loads(reply.body)
    return body


def states(checks: Any) -> Mapping[str, str]:
    """Return the state of each check, by name."""
    return {one["name"]: one["state"] for one in checks}
