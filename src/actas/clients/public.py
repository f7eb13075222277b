"""Clients without authentication: identified, never authenticated.

The grants of this server that issue tokens all refuse them (TX-109, SEC-08): a stolen subject token
would otherwise be enough.
"""

from __future__ import annotations

from actas.clients.authenticator import Credentials
from actas.core.client import Client


class PublicMethod:
    """Proves nothing; that the client is registered for this is checked by the authenticator."""

    async def prove(self, client: Client | None, credentials: Credentials) -> None:
        """Return at once: there is nothing to prove."""
