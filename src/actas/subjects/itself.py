"""The client as a party: the subject of client credentials, and the actor when no actor token is sent."""

from __future__ import annotations

from actas.core.client import Client
from actas.core.lineage import Lineage
from actas.core.party import OURSELVES, Identity, Party
from actas.core.target import Api
from actas.core.wire import ACCESS_TOKEN


def party_of(client: Client, *, issuer: str, api: Api | None, lineage: Lineage) -> Party:
    """Return the client as a proven party: it has just authenticated.

    Args:
        issuer: our own issuer identifier.
        api: the API that the client also is, if any; no token is meant for a disabled one any more.
        lineage: what would end everything that the client asks for.
    """
    identity = Identity(issuer, client.name)
    return Party(
        identity=identity,
        origin=identity,
        kind=client.kind,
        issuer_name=OURSELVES,
        token_type=ACCESS_TOKEN,
        audience=() if api is None or api.disabled else (api.audience,),
        client_id=client.name,
        expires_at=0,
        issued_at=0,
        claims={"iss": issuer, "sub": client.name, "client_id": client.name},
        lineage=lineage,
    )
