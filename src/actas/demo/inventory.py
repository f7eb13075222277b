"""inventory, a service of the company: protected by the SDK, answering with the chain it saw."""

import os
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI

from actas.demo.company import write_private
from actas_sdk.fastapi import Caller, Protect

protect = Protect(os.environ["ACTAS_ISSUER"], audience="https://inventory.acme.example")
app = FastAPI(title="inventory", lifespan=protect.lifespan)


@app.get("/stock/{sku}")
async def read(sku: str, caller: Annotated[Caller, protect("stock:read")]) -> dict[str, Any]:
    """Return how much there is, and who is asking: the person, and everybody in between."""
    _leave_for_the_tour(caller)
    return {"sku": sku, "count": 12, **_seen(caller)}


@app.post("/stock/{sku}/reserve")
async def reserve(sku: str, caller: Annotated[Caller, protect("stock:write")]) -> dict[str, Any]:
    """Take one out of stock."""
    return {"sku": sku, "count": 11, **_seen(caller)}


def _seen(caller: Caller) -> dict[str, Any]:
    chain = [{"kind": party.kind, "id": party.id} for party in caller.chain]
    return {"chain": chain, "scopes": sorted(caller.scopes), "sentence": caller.sentence}


def _leave_for_the_tour(caller: Caller) -> None:
    """Leave the token where the tour finds it, to take it apart. No service but this one does that."""
    if place := os.environ.get("ACTAS_DEMO_RECEIVED"):
        write_private(Path(place), caller.token.reveal())
