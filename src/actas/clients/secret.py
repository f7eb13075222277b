"""Client secrets: ``client_secret_basic`` and ``client_secret_post``.

Secrets are generated with 256 bits and kept as keyed digests, so that a fast digest is enough and the
hot path pays a microsecond. Comparison is in constant time, and an unknown client costs the same.
"""

from __future__ import annotations

from actas.clients.authenticator import Credentials
from actas.core.client import Client
from actas.core.errors import InvalidClient
from actas.core.ports import Clock
from actas.crypto.passwords import secret_matches


class SecretMethod:
    """Compares a presented secret with the live ones.

    Args:
        pepper: the key of the digests.
        clock: by which secrets end.
    """

    def __init__(self, *, pepper: bytes, clock: Clock) -> None:
        self._pepper = pepper
        self._clock = clock

    async def prove(self, client: Client | None, credentials: Credentials) -> None:
        presented = "" if credentials.proof is None else credentials.proof.reveal()
        digests = () if client is None else client.auth.live_digests(self._clock.now())
        if not secret_matches(presented, digests, pepper=self._pepper):
            name = credentials.shown_id
            detail = f"there is no client {name}" if client is None else f"a wrong secret for {name}"
            raise InvalidClient(detail=detail, challenge=credentials.challenge)
