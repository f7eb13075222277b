"""The MCP client that the conformance suite tests: its tokens come from ``actas_sdk``, the rest is a few requests.

The suite starts it once for each scenario, with the address of its MCP server, and says in the environment what
the scenario is and who the client is.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import httpx
from joserfc.jwk import JWKRegistry

from actas_sdk import ClientSecret, Resource, Token
from actas_sdk.sync import Actas

VERSION = "2025-11-25"


def token_for(api: str, scenario: str, who: dict[str, Any]) -> Token:
    """Return a token for an MCP server, got as the scenario wants it."""
    if scenario == "auth/cross-app-access-complete-flow":
        # The suite's identity provider asks nobody for a secret. It is not the one of the other server.
        home = Actas(
            who["idp_issuer"], client_id=who["idp_client_id"], client_secret="no secret is asked for"
        )
        there = ClientSecret(client_id=who["client_id"], secret=who["client_secret"])
        with home:
            server = server_of(home.about(api))
            return home.cross_app(who["idp_id_token"], to=server, resource=api, there=there)
    proof: dict[str, Any] = {"client_secret": who.get("client_secret", "of nobody")}
    if "private_key_pem" in who:
        proof = {"client_key": jwk_of(who["private_key_pem"])}
    client = {"client_id": who.get("client_id", "nobody"), **proof}
    with Actas(api, **client) as asking:  # which server that will be is what it asks first
        server = server_of(asking.about(api))
    with Actas(server, **client) as actas:
        return actas.own_token(to=api)


def jwk_of(pem: str) -> dict[str, Any]:
    """Return a private key as the SDK reads it."""
    return dict(JWKRegistry.import_key(pem, "EC").as_dict(private=True))


def server_of(about: Resource) -> str:
    """Return the server whose tokens an API takes."""
    (server,) = about.authorization_servers
    return server


def main(api: str, scenario: str, who: dict[str, Any]) -> None:
    """Begin to speak with the MCP server, with a token."""
    asked = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": VERSION,
            "capabilities": {},
            "clientInfo": {"name": "actas-sdk", "version": "0"},
        },
    }
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": VERSION}
    with httpx.Client(headers=headers, timeout=20) as client:
        assert client.post(api, json=asked).status_code == 401
        token = token_for(api, scenario, who)
        begun = client.post(api, json=asked, headers=token.headers("POST", api))
        begun.raise_for_status()
        called = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "test-tool"}}
        done = client.post(api, json=called, headers=token.headers("POST", api))
        done.raise_for_status()
        assert '"text":"test"' in done.text, done.text


if __name__ == "__main__":
    main(
        sys.argv[1],
        os.environ["MCP_CONFORMANCE_SCENARIO"],
        json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}")),
    )
