"""Checks of who manages the server: whoever holds a role exists and can ask for its token."""

from __future__ import annotations

from collections.abc import Iterator

from actas.admin.roles import management_audience
from actas.settings.faults import Fault
from actas.settings.shaped import Shaped


def check_admins(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with administrators, and with APIs that could be taken for the one of our own."""
    for item in shaped.admins.values():
        name, written = item.form.client, item.written
        if (sentence := shaped.unknown("clients", name)) is not None:
            yield written.fault(("client",), sentence)
            continue
        client = shaped.clients.get(name)
        if client is not None and "client_credentials" not in (client.form.grants or ()):
            place = client.written.place
            message = f"{name} may not use the grant client_credentials, which its role needs ({place})"
            yield written.fault(("client",), message)
    if shaped.server is None:
        return
    ours = management_audience(shaped.server.form.issuer)
    for api in shaped.apis.values():
        if api.form.audience == ours:
            yield api.written.fault(("audience",), "is the address of this server's own API for managing it")
