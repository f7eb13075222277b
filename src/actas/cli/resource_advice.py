"""What ``actas apis show`` adds of an MCP server: what its keeper publishes about it (RFC 9728)."""

from __future__ import annotations

import json

from actas.cli.managing import Manager, at
from actas.cli.objects import Beside, document_of
from actas.core.ports import JsonObject


def advised(manager: Manager, body: JsonObject) -> Beside | None:
    """Return what stands beside an API; None when it is no MCP server, or is out of force."""
    if document_of(body).get("kind") != "mcp" or body["in_force"] is not True:
        return None
    told = manager.get(at("apis", str(body["name"]), "resource-metadata")).body
    document = json.dumps(told["document"], indent=2, ensure_ascii=False)
    return Beside(
        members={"resource_metadata": told},
        lines=(
            "",
            f"Its keeper publishes at {told['address']}",
            *(f"  {line}" for line in document.splitlines()),
            "and answers whoever brings no token, or none that it takes, with 401 and",
            f"  WWW-Authenticate: {told['challenge']}",
        ),
    )
