"""What the keeper of an API has to publish about it (RFC 9728), which this server knows best."""

from __future__ import annotations

from actas.admin.refusals import NotFound
from actas.core.resource_metadata import advice
from actas.crypto.proof import PROOF_ALGORITHMS
from actas.web.api.call import Call, Desk, Reply


async def resource_metadata(desk: Desk, call: Call) -> Reply:
    """Return the protected resource metadata of an API that is in force, for its keeper to publish."""
    call.only()
    name = call.path["name"]
    api = desk.apis.api(name)
    if api is None:
        raise NotFound(detail=f"there is no API called {name[:100]!r} in force")
    found = advice(
        api,
        issuer=desk.issuer,
        binding=desk.policy.defaults.binding,
        proof_algorithms=PROOF_ALGORITHMS,
    )
    if found is None:
        raise NotFound(detail=f"the audience of {name} is no address, so it publishes nothing")
    return Reply(body={"address": found.address, "document": found.document, "challenge": found.challenge})
