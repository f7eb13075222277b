"""The protocol of an issuer: build, sign, re-read."""

from __future__ import annotations

from typing import Protocol

from actas.core.client import Client
from actas.core.issued import Issued
from actas.core.permit import Permit
from actas.core.wire import TokenFormat, TokenType


class TokenIssuer(Protocol):
    """Makes tokens of one type and format."""

    @property
    def token_type(self) -> TokenType:
        """The type it makes."""
        ...

    @property
    def format(self) -> TokenFormat:
        """What its tokens look like."""
        ...

    async def issue(self, permit: Permit) -> Issued:
        """Build, sign, and re-read the result as a stranger would.

        Raises:
            MintedWrong: what came out is not what was permitted; it never leaves.
        """
        ...


class Clients(Protocol):
    """Finds clients. Answers from memory."""

    def client(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        ...


class MintedWrong(Exception):
    """A token came out other than it was permitted. A defect of ours: nothing is issued."""
