"""orders, a service of the company: protected by the SDK, and calling inventory for whoever called it."""

import os
from typing import Annotated, Any

import httpx2
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from actas_sdk import Actas, Refused
from actas_sdk.fastapi import Caller, Protect

actas = Actas.from_env()
protect = Protect(actas.issuer, audience="https://orders.acme.example")
app = FastAPI(title="orders", lifespan=protect.lifespan)

INVENTORY = "https://inventory.acme.example"
INVENTORY_ADDRESS = os.environ["INVENTORY_ADDRESS"]


@app.get("/orders/{number}")
async def read(number: str, caller: Annotated[Caller, protect("orders:read")]) -> dict[str, str]:
    """Return an order, and who is looking at it."""
    return {"number": number, "for": caller.subject.id, "asked_by": str(caller.actor)}


@app.get("/orders/{number}/stock")
async def stock(number: str, caller: Annotated[Caller, protect("orders:read")]) -> Any:
    """Return what is in stock for an order: inventory knows, so it is asked for the same person."""
    auth = actas.acting_for(caller, to=INVENTORY, scopes=["stock:read"])
    async with httpx2.AsyncClient(base_url=INVENTORY_ADDRESS, auth=auth) as http:
        return (await http.get(f"/stock/sku-{number}")).raise_for_status().json()


@app.post("/orders/{number}/reserve")
async def reserve(number: str, caller: Annotated[Caller, protect("orders:write")]) -> Any:
    """Reserve what an order needs, which changes stock."""
    auth = actas.acting_for(caller, to=INVENTORY, scopes=["stock:read", "stock:write"])
    async with httpx2.AsyncClient(base_url=INVENTORY_ADDRESS, auth=auth) as http:
        return (await http.post(f"/stock/sku-{number}/reserve")).raise_for_status().json()


@app.exception_handler(Refused)
async def pass_on(_request: Request, no: Refused) -> JSONResponse:
    """Tell the caller that it was refused, and where that is written down."""
    return JSONResponse({"detail": no.sentence}, status_code=403, headers={"Actas-Entry": no.entry or ""})
