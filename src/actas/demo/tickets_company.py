"""The other company of the tour, in a folder of its own: another server, and the tickets API behind it.

It shares nothing with the first one but the computer: its keys, its log and what it decides are its own. All
that it knows of the first is an issuer identifier, and the secret of the client that it gave out.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from actas.demo.company import Company, Ports, address, write_private

TICKETS: Final = "https://tickets.example"
"""What its tokens are for: a name, not an address."""

AUTH_TICKETS: Final = "auth.tickets"
"""What its server is called in the tour. Its issuer identifier is its address."""

CONNECTION: Final = "assistant-to-tickets"
"""The connection of the first company that leads here."""

ASSISTANT_THERE: Final = "acme-assistant"
"""How it knows the assistant."""

_TEMPLATE: Final = Path(__file__).with_name("tickets_company.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketsCompany:
    """The other company in its folder."""

    folder: Path
    ports: Ports

    @property
    def configuration(self) -> Path:
        """The configuration of its server."""
        return self.folder / "actas.yaml"

    @property
    def secret(self) -> Path:
        """The client secret that it gave to the assistant."""
        return self.folder / f"{ASSISTANT_THERE}.secret"

    @property
    def issuer(self) -> str:
        """The issuer identifier of its server, which is its address."""
        return address(self.ports.auth_tickets)

    @property
    def api(self) -> str:
        """The address of its API."""
        return address(self.ports.tickets)


def tickets_of(company: Company) -> TicketsCompany:
    """Return the other company of a tour."""
    return TicketsCompany(folder=company.folder / "tickets", ports=company.ports)


def template_elsewhere() -> str:
    """Return the configuration of its server, with the ports left open."""
    return _TEMPLATE.read_text(encoding="utf-8")


def found_elsewhere(company: Company, *, configuration: str) -> TicketsCompany:
    """Write the other company into a folder beside the first one's.

    Args:
        configuration: of its server, as ``template_elsewhere`` gives it.
    """
    tickets = tickets_of(company)
    tickets.folder.mkdir(mode=0o700, exist_ok=True)
    write_private(tickets.secret, secrets.token_urlsafe(32))
    text = Template(configuration).substitute(tickets.ports.named())
    tickets.configuration.write_text(text, encoding="utf-8")
    return tickets
