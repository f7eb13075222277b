from typing import Annotated, Any

import httpx2
from fastapi import FastAPI

from actas_sdk import Actas
from actas_sdk.fastapi import Caller, Protect

actas = Actas.from_env()  # ACTAS_ISSUER, ACTAS_CLIENT_ID, ACTAS_CLIENT_SECRET
protect = Protect(actas.issuer, audience="https://orders.acme.example")
app = FastAPI(lifespan=protect.lifespan)

INVENTORY = "https://inventory.acme.example"  # what the token is for
ADDRESS = "http://127.0.0.1:8697"  # where the demo's inventory answers


@app.get("/orders/{number}/stock")
async def stock(number: str, caller: Annotated[Caller, protect("orders:read")]) -> Any:
    auth = actas.acting_for(caller, to=INVENTORY, scopes=["stock:read"])
    async with httpx2.AsyncClient(base_url=ADDRESS, auth=auth) as http:
        return (await http.get(f"/stock/sku-{number}")).json()
