"""What runs in the tour: the programs of the company, and those of the other company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from actas.demo.company import Company, address
from actas.demo.tickets_company import TicketsCompany

_LATER: Final = 5
"""The niceness of what starts beside the rest, and is needed some scenes later."""

_DESCRIBED: Final = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program.

    Attributes:
        module: what Python runs.
        answers: an address that answers 200 once it is ready.
        niceness: how far it stands back while others want the processor.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    answers: str
    environ: Mapping[str, str]
    niceness: int = 0


def programs_of(company: Company) -> tuple[Program, ...]:
    """Return the programs of the company, the slowest to start first."""
    ports = company.ports
    issuer = {"ACTAS_ISSUER": address(ports.server)}
    return (
        Program(
            name="server",
            module="actas",
            arguments=("serve", "-c", str(company.configuration), "--dev"),
            answers=f"{address(ports.management)}/readyz",
            environ={},
        ),
        Program(
            name="orders",
            module="uvicorn",
            arguments=_served("actas.demo.orders:app", ports.orders),
            answers=address(ports.orders) + _DESCRIBED,
            environ={
                **issuer,
                "ACTAS_CLIENT_ID": "orders",
                "ACTAS_CLIENT_SECRET": company.orders_secret.read_text(encoding="utf-8"),
                "INVENTORY_ADDRESS": address(ports.inventory),
            },
        ),
        Program(
            name="inventory",
            module="uvicorn",
            arguments=_served("actas.demo.inventory:app", ports.inventory),
            answers=address(ports.inventory) + _DESCRIBED,
            environ={**issuer, "ACTAS_DEMO_RECEIVED": str(company.received)},
        ),
        Program(
            name="corp-idp",
            module="actas.demo.corp_idp",
            arguments=(str(ports.corp_idp), str(company.passwords_file)),
            answers=f"{address(ports.corp_idp)}/.well-known/openid-configuration",
            environ={},
        ),
    )


def programs_elsewhere(tickets: TicketsCompany) -> tuple[Program, ...]:
    """Return the programs of the other company: a server of its own, and its API."""
    return (
        Program(
            name="auth.tickets",
            module="actas",
            arguments=("serve", "-c", str(tickets.configuration), "--dev"),
            answers=f"{tickets.issuer}/.well-known/oauth-authorization-server",
            environ={},
            niceness=_LATER,
        ),
        Program(
            name="tickets",
            module="uvicorn",
            arguments=_served("actas.demo.tickets:app", tickets.ports.tickets),
            answers=tickets.api + _DESCRIBED,
            environ={"ACTAS_ISSUER": tickets.issuer},
            niceness=_LATER,
        ),
    )


def _served(app: str, port: int) -> tuple[str, ...]:
    return (app, "--host", "127.0.0.1", "--port", str(port), "--no-use-colors")
