"""tickets, an API of another company: it believes tokens of auth.tickets, and nobody else's."""

import os
from typing import Annotated, Any

from fastapi import FastAPI

from actas_sdk.fastapi import Caller, Protect

protect = Protect(os.environ["ACTAS_ISSUER"], audience="https://tickets.example")
app = FastAPI(title="tickets", lifespan=protect.lifespan)


@app.get("/tickets/{number}")
async def read(number: str, caller: Annotated[Caller, protect("tickets:read")]) -> dict[str, Any]:
    """Return a ticket, and who is looking at it, as their own server calls them."""
    return {
        "number": number,
        "title": "her refund does not show",
        "for": caller.subject.id,
        "asked_by": str(caller.actor),
        "scopes": sorted(caller.scopes),
    }
