from typing import Annotated

from fastapi import FastAPI

from actas_sdk.fastapi import Caller, Protect

protect = Protect(
    "http://127.0.0.1:8693",
    audience="https://orders.acme.example",
    at="http://127.0.0.1:8702",  # where callers find it: a proof is for one address
    bound=True,
)
app = FastAPI(lifespan=protect.lifespan)


@app.get("/orders/{number}")
async def read(number: str, caller: Annotated[Caller, protect("orders:read")]) -> dict[str, str]:
    return {"number": number, "for": caller.subject.id, "asked_by": str(caller.actor)}
