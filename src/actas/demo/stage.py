"""The stage: who signs in, exchanges and calls in the scenes. Everything it does is HTTP on this computer."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx2

from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, TokenType
from actas.demo.company import ORDERS, Company, address
from actas_sdk import Caller
from actas_sdk.sync import Actas, Verifier

PATIENCE = 10.0
"""Seconds that one step of a scene may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A token of the tour, to be taken apart later, with the public keys of its issuer."""

    name: str
    token: Secret
    token_type: TokenType
    issuer: str
    jwks: JsonObject


@dataclass(slots=True)
class Stage:
    """Where scenes are played. Whoever holds it is the assistant, and alice's browser.

    Attributes:
        agent: the assistant as orders sees it, once scene 1 gave it a token.
        kept: the tokens of the scenes played so far, by name.
    """

    company: Company
    agent: Caller | None = None
    kept: dict[str, Kept] = field(default_factory=dict[str, Kept])
    http: httpx2.Client = field(default_factory=lambda: httpx2.Client(trust_env=False, timeout=PATIENCE))

    @property
    def server(self) -> str:
        """The issuer identifier of the server, which is its address."""
        return address(self.company.ports.server)

    @property
    def orders(self) -> str:
        """The address of orders."""
        return address(self.company.ports.orders)

    def close(self) -> None:
        """Close what is open."""
        self.http.close()

    def sign_in(self, name: str) -> str:
        """Sign somebody in at the identity provider, and return the ID token."""
        issuer = address(self.company.ports.corp_idp)
        form = {"user": name, "password": self.company.passwords[name]}
        answer = self.http.post(f"{issuer}/sign-in", data=form).raise_for_status()
        token = str(answer.json()["id_token"])
        self._keep(name, token, ID_TOKEN, issuer)
        return token

    def exchange(self, id_token: str) -> str:
        """Exchange an ID token for an access token for orders, as the assistant.

        Raises:
            Refused: the server says no.
        """
        with Actas(self.server, client_id="assistant", client_key=self.company.agent_key) as assistant:
            token = assistant.exchange(
                id_token, to=ORDERS, scopes=["orders:read", "orders:write"], subject_type="id_token"
            )
        return token.reveal()

    def prove(self, name: str, token: str, *, audience: str) -> Caller:
        """Check a token against the keys that the server publishes, keep it, and return who holds it.

        Args:
            name: what to keep it as.
            audience: what it must be for.

        Raises:
            InvalidToken: it does not hold.
        """
        with Verifier(self.server, audience=audience) as verifier:
            caller = verifier.check_token(token)
        self._keep(name, token, ACCESS_TOKEN, self.server)
        return caller

    def call(self, method: str, path: str) -> httpx2.Response:
        """Call orders as the assistant, with the token of scene 1.

        Raises:
            LookupError: there is none.
        """
        if self.agent is None:
            raise LookupError("the assistant has no token, because scene 1 gave it none")
        url = self.orders + path
        return self.http.request(method, url, headers=self.agent.token.headers(method, url))

    def _keep(self, name: str, token: str, token_type: TokenType, issuer: str) -> None:
        jwks: JsonObject = self.http.get(f"{issuer}/jwks").raise_for_status().json()
        self.kept[name] = Kept(
            name=name, token=Secret(token), token_type=token_type, issuer=issuer, jwks=jwks
        )
