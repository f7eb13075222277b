"""``actas exchange`` before a scripted server: the tokens of one company, and the program pointed at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.fakes.clock import NOON
from tests.fakes.program import Program, Ran
from tests.fakes.token_server import TokenServer, granted

INVENTORY = "https://inventory.acme.example"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
TYPE = "urn:ietf:params:oauth:token-type:"
SECRET = "s3cret&with=odd:signs+%"


class Exchanging:
    """A server, the tokens of one company, and the program pointed at it."""

    def __init__(self, actas: Program, server: TokenServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self._actas = actas
        self._actas.environ |= {
            "ACTAS_SERVER": server.issuer,
            "ACTAS_CLIENT_ID": "orders",
            "ACTAS_CLIENT_SECRET": SECRET,
        }
        via = {"iss": server.issuer, "sub": "assistant", "sub_profile": "ai_agent"}
        self.subject = self.token(client_id="assistant", scope="orders:read orders:write", act=via)
        self.given = self.token(
            aud=INVENTORY,
            client_id="orders",
            scope="stock:read",
            act={"iss": server.issuer, "sub": "orders", "sub_profile": "service", "act": via},
        )
        server.answer = granted(self.given)
        (folder / "subject").write_text(self.subject)

    def token(self, **claims: Any) -> str:
        honest = {
            "aud": "https://orders.acme.example",
            "sub": "alice@acme.example",
            "sub_profile": "user",
            "iat": int(NOON),
            "exp": int(NOON) + 120,
        }
        return self.server.token({**honest, **claims})

    def run(self, *words: str, **how: Any) -> Ran:
        return self._actas("exchange", *words, **how)

    def hop(self, *words: str, **how: Any) -> Ran:
        """The ordinary hop: orders, called by alice through assistant, needs inventory."""
        subject = f"@{self.folder}/subject"
        return self.run(
            "--subject", subject, "--audience", "inventory", "--scope", "stock:read", *words, **how
        )
