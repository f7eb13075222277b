"""The stage: who signs in, exchanges and calls in the scenes. Everything it does is HTTP on this computer."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from actas.core.administrators import management_audience, scope_of
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, TOKEN_EXCHANGE, TokenType
from actas.demo.apps import CLI, HELPDESK, App, Credentials, SignedIn, sign_in
from actas.demo.browser import Browser
from actas.demo.company import ORDERS, Company, address
from actas.demo.tickets_company import ASSISTANT_THERE, TICKETS, TicketsCompany, tickets_of
from actas_sdk import Caller, ClientSecret
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


def _client() -> httpx2.Client:
    return httpx2.Client(trust_env=False, timeout=PATIENCE)


@dataclass(slots=True)
class Stage:
    """Where scenes are played. Whoever holds it is the assistant, the apps, and everybody's browser.

    Attributes:
        agent: the assistant as orders sees it, once scene 1 gave it a token.
        kept: the tokens of the scenes played so far, by name.
        browsers: of the people who signed in at the server, by name.
        managers: the tokens with which people manage the server, by name.
    """

    company: Company
    agent: Caller | None = None
    kept: dict[str, Kept] = field(default_factory=dict[str, Kept])
    browsers: dict[str, Browser] = field(default_factory=dict[str, Browser])
    managers: dict[str, Secret] = field(default_factory=dict[str, Secret])
    http: httpx2.Client = field(default_factory=_client)
    _closing: ExitStack = field(default_factory=ExitStack)

    @property
    def server(self) -> str:
        """The issuer identifier of the server, which is its address."""
        return address(self.company.ports.server)

    @property
    def orders(self) -> str:
        """The address of orders."""
        return address(self.company.ports.orders)

    @property
    def elsewhere(self) -> TicketsCompany:
        """The other company."""
        return tickets_of(self.company)

    def close(self) -> None:
        """Close what is open."""
        self._closing.close()
        self.http.close()

    def browser(self, name: str) -> Browser:
        """Return somebody's browser, which stays the same throughout the tour."""
        if name not in self.browsers:
            self.browsers[name] = Browser(self._closing.enter_context(_client()), self.server)
        return self.browsers[name]

    def sign_in_to(self, app: str, name: str, *, scope: str, resource: str | None = None) -> SignedIn:
        """Sign somebody in to an app, at the pages of the server.

        Raises:
            LookupError: the server showed another page than it must.
        """
        secret = self.company.helpdesk_secret.read_text(encoding="utf-8") if app == HELPDESK else None
        return sign_in(
            App(name=app, secret=secret),
            Credentials(name=name, password=self.company.passwords[name]),
            self.browser(name),
            server=self.server,
            http=self.http,
            scope=scope,
            resource=resource,
        )

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

    def cross(self) -> str:
        """Get a token of the other company's server, as the assistant, for whoever signed in last: both legs.

        Raises:
            Refused: one of the two servers says no.
            LookupError: nobody signed in.
        """
        there = ClientSecret(
            client_id=ASSISTANT_THERE, secret=self.elsewhere.secret.read_text(encoding="utf-8")
        )
        # A client of its own each time: one that stays would give out the token that it has.
        with Actas(self.server, client_id="assistant", client_key=self.company.agent_key) as assistant:
            token = assistant.cross_app(
                self.kept["alice"].token.reveal(),
                to=self.elsewhere.issuer,
                resource=TICKETS,
                scopes=["tickets:read"],
                there=there,
            )
        return token.reveal()

    def manage(self, name: str, path: str) -> None:
        """Change something at the management API of the server, as somebody who may.

        Raises:
            LookupError: the server showed another page than it must.
            httpx2.HTTPError: it says no, or does not answer.
        """
        if name not in self.managers:
            given = self.sign_in_to(
                CLI,
                name,
                scope=f"openid {scope_of('operator')}",
                resource=management_audience(self.server),
            )
            self.managers[name] = Secret(given.access_token)
        headers = {"Authorization": f"Bearer {self.managers[name].reveal()}"}
        self.http.post(f"{self.server}/api/v1/{path}", headers=headers).raise_for_status()

    def look_in(self, id_token: str, asked: Mapping[str, str]) -> JsonObject:
        """Ask, as the helpdesk, to act as somebody else, with the ID token of whoever wants to.

        Args:
            asked: as whom, where, and why.

        Raises:
            httpx2.HTTPError: the server says no, or does not answer.
        """
        form = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": id_token,
            "subject_token_type": str(ID_TOKEN),
            **asked,
        }
        return self._as("helpdesk", self.company.helpdesk_secret, "/token", form)

    def active(self, token: str) -> bool:
        """Return whether the server says, to orders, that a token is good (RFC 7662).

        Raises:
            httpx2.HTTPError: it does not answer.
        """
        return bool(self._as("orders", self.company.orders_secret, "/introspect", {"token": token})["active"])

    def prove(self, name: str, token: str, *, audience: str, issuer: str | None = None) -> Caller:
        """Check a token against the keys that its server publishes, keep it, and return who holds it.

        Args:
            name: what to keep it as.
            audience: what it must be for.
            issuer: whose it must be; None for the company's server.

        Raises:
            InvalidToken: it does not hold.
        """
        server = self.server if issuer is None else issuer
        with Verifier(server, audience=audience) as verifier:
            caller = verifier.check_token(token)
        self._keep(name, token, ACCESS_TOKEN, server)
        return caller

    def call(self, method: str, path: str, *, caller: Caller | None = None) -> httpx2.Response:
        """Call orders.

        Args:
            caller: with whose token; None for the assistant with the token of scene 1.

        Raises:
            LookupError: there is none.
        """
        caller = self.agent if caller is None else caller
        if caller is None:
            raise LookupError("the assistant has no token, because scene 1 gave it none")
        url = self.orders + path
        return self.http.request(method, url, headers=caller.token.headers(method, url))

    def _as(self, client: str, secret: Path, path: str, form: Mapping[str, str]) -> JsonObject:
        auth = httpx2.BasicAuth(client, secret.read_text(encoding="utf-8"))
        answer: JsonObject = (
            self.http.post(f"{self.server}{path}", data=dict(form), auth=auth).raise_for_status().json()
        )
        return answer

    def _keep(self, name: str, token: str, token_type: TokenType, issuer: str) -> None:
        jwks: JsonObject = self.http.get(f"{issuer}/jwks").raise_for_status().json()
        self.kept[name] = Kept(
            name=name, token=Secret(token), token_type=token_type, issuer=issuer, jwks=jwks
        )
