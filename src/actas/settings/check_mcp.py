"""Checks of MCP servers: they have an address, and what holds for grants for them cannot be switched off."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic_core import PydanticCustomError

from actas.settings.addresses import HttpsUrl
from actas.settings.faults import Fault
from actas.settings.schema_apis import ApiForm
from actas.settings.schema_connections import ConnectionForm
from actas.settings.shaped import Item, Shaped

_ADDRESS = HttpsUrl(query=True)


def check_mcp(shaped: Shaped, *, dev: bool) -> Iterator[Fault]:
    """Yield what is wrong with APIs that publish what they are, and with connections to MCP servers.

    Args:
        dev: whether http on this computer is allowed.
    """
    for api in shaped.apis.values():
        yield from _address(api, dev=dev)
    for connection in shaped.connections.values():
        yield from _accepted(connection, shaped)
        yield from _abroad(connection)


def _address(item: Item[ApiForm], *, dev: bool) -> Iterator[Fault]:
    """A protected resource is known by its address (RFC 9728 section 1.2)."""
    form = item.form
    if form.kind != "mcp" and not form.listed:
        return
    why = "kind: mcp" if form.kind == "mcp" else "listed"
    try:
        _ADDRESS.read(form.audience)
    except PydanticCustomError as fault:
        message = f"is the address of the API, because of {why}: {fault.message()}"
        yield item.written.fault(("audience",), message)
        return
    if form.audience.startswith("http://") and not dev:
        yield item.written.fault(("audience",), "must be https outside --dev")


def _accepted(item: Item[ConnectionForm], shaped: Shaped) -> Iterator[Fault]:
    """JAG-72, JAG-124: a grant for an MCP server is redeemed once."""
    form = item.form
    api = None if form.api is None else shaped.apis.get(form.api)
    if api is not None and api.form.kind == "mcp" and not form.single_use:
        message = f"{form.api} is an MCP server ({api.written.place}), and a grant for one is redeemed once"
        yield item.written.fault(("single_use",), message)
    if api is None or api.form.kind != "mcp":
        return
    for other in shaped.connections.values():
        same = (other.form.client, other.form.from_, other.form.grant) == (
            form.client,
            form.from_,
            form.grant,
        )
        if same and not other.form.single_use and other is not item:
            message = (
                f"{form.name} takes the same grants for an MCP server ({item.written.place}), where one that "
                "was redeemed before is good for nothing"
            )
            yield other.written.fault(("single_use",), message)


def _abroad(item: Item[ConnectionForm]) -> Iterator[Fault]:
    """JAG-120: the audience is the issuer of the server there, and resource says which MCP server."""
    there, written = item.form.resource, item.written
    if there is None or there.kind != "mcp" or item.form.grant != "id_jag":
        return
    if there.resource is None:
        message = "is required for kind: mcp: a grant is for one MCP server, by its address"
        yield written.fault(("resource", "resource"), message)
    if there.audience is not None:
        message = "means nothing for kind: mcp, where clients send the issuer; leave it out"
        yield written.fault(("resource", "audience"), message)
