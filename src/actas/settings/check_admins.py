"""Checks of who manages the server: whoever holds a role exists, and can ask for its token."""

from __future__ import annotations

from collections.abc import Iterator

from actas.core.administrators import management_audience
from actas.core.uri import with_lower_host
from actas.settings.faults import Fault
from actas.settings.schema_admins import AdminForm
from actas.settings.shaped import Item, Shaped


def check_admins(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with administrators, and with APIs that could be taken for the one of our own."""
    for item in shaped.admins.values():
        if item.form.client is not None:
            yield from _client(item, item.form.client, shaped)
        elif item.form.user is not None:
            yield from _user(item, item.form.user, shaped)
        elif item.form.group is not None:
            yield from _group(item, item.form.group, shaped)
    if shaped.server is None:
        return
    ours = with_lower_host(management_audience(shaped.server.form.issuer))
    for api in shaped.apis.values():
        if with_lower_host(api.form.audience) == ours:
            yield api.written.fault(("audience",), "is the address of this server's own API for managing it")


def _client(item: Item[AdminForm], name: str, shaped: Shaped) -> Iterator[Fault]:
    if (sentence := shaped.unknown("clients", name)) is not None:
        yield item.written.fault(("client",), sentence)
        return
    client = shaped.clients.get(name)
    if client is not None and "client_credentials" not in (client.form.grants or ()):
        place = client.written.place
        message = f"{name} may not use the grant client_credentials, which its role needs ({place})"
        yield item.written.fault(("client",), message)


def _user(item: Item[AdminForm], name: str, shaped: Shaped) -> Iterator[Fault]:
    if (sentence := shaped.unknown("users", name)) is not None:
        yield item.written.fault(("user",), sentence)
        return
    yield from _without_app(item, "user", shaped)


def _group(item: Item[AdminForm], group: str, shaped: Shaped) -> Iterator[Fault]:
    name, written = item.form.from_, item.written
    if name is None:
        known = {one for user in shaped.users.values() for one in user.form.groups or ()}
        if group not in known:
            hint = shaped.hints.did_you_mean(group, known)
            message = f'no user is in the group "{group}"{hint}; for one of an issuer, say from'
            yield written.fault(("group",), message, "warning")
    else:
        if (sentence := shaped.unknown("issuers", name)) is not None:
            yield written.fault(("from",), sentence)
            return
        issuer = shaped.issuers.get(name)
        if issuer is not None and issuer.form.sign_in is None:
            message = f"nobody signs in through {name}: give it sign_in ({issuer.written.place})"
            yield written.fault(("from",), message)
        if issuer is not None and issuer.form.groups is None:
            message = f"{name} does not say who is in which group: give it groups ({issuer.written.place})"
            yield written.fault(("from",), message)
    yield from _without_app(item, "group", shaped)


def _without_app(item: Item[AdminForm], field: str, shaped: Shaped) -> Iterator[Fault]:
    """Warn of a person who cannot use a role: there is no app to manage with."""
    for client in shaped.clients.values():
        if client.form.sign_in is not None and client.form.sign_in.management:
            return
    message = "there is no client to manage with: one needs sign_in.management"
    yield item.written.fault((field,), message, "warning")
