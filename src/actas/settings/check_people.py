"""Checks of who signs in and where: users, and the clients that people sign in to."""

from __future__ import annotations

from collections.abc import Iterator

from actas.core.sign_in import SCOPES, USERINFO, userinfo_audience
from actas.core.uri import with_lower_host
from actas.core.wire import OF_PUBLIC_CLIENTS, SHORT_GRANT_TYPES
from actas.settings.faults import Fault
from actas.settings.schema_auth import NoAuth
from actas.settings.schema_parties import ClientForm
from actas.settings.shaped import Item, Shaped


def check_people(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with how people sign in, and with APIs that could be taken for UserInfo."""
    for item in shaped.clients.values():
        yield from _grants(item)
        yield from _redirects(item)
    server = shaped.server
    ours = None if server is None else with_lower_host(userinfo_audience(server.form.issuer))
    for api in shaped.apis.values():
        if api.form.name == USERINFO:
            yield api.written.fault(("name",), f'the name "{USERINFO}" is taken: it means this server itself')
        if with_lower_host(api.form.audience) == ours:
            message = "is the address at which this server itself speaks of people"
            yield api.written.fault(("audience",), message)
        for scope in api.form.scopes or ():
            if scope in SCOPES:
                message = f'the scope "{scope}" is taken: it opens what this server itself says of people'
                yield api.written.fault(("scopes", scope), message)


def _grants(item: Item[ClientForm]) -> Iterator[Fault]:
    form, written = item.form, item.written
    if not isinstance(form.auth, NoAuth):
        return
    for index, grant in enumerate(form.grants or ()):
        if SHORT_GRANT_TYPES[grant] not in OF_PUBLIC_CLIENTS:
            message = f"a client with method none may not use {grant}: it proves nothing"
            yield written.fault(("grants", index), message)


def _redirects(item: Item[ClientForm]) -> Iterator[Fault]:
    form, written = item.form, item.written
    if form.backchannel_logout_session_required and form.backchannel_logout_uri is None:
        message = "means nothing without backchannel_logout_uri"
        yield written.fault(("backchannel_logout_session_required",), message)
    grants = form.grants
    if form.redirect_uris is not None:
        if grants is not None and "authorization_code" not in grants:
            message = "nobody can be sent there: grants does not list authorization_code"
            yield written.fault(("redirect_uris",), message)
        return
    if "authorization_code" in (grants or ()):
        message = "is required: the grant authorization_code sends people somewhere"
        yield written.fault(("redirect_uris",), message)
    for field in ("post_logout_redirect_uris", "backchannel_logout_uri"):
        if getattr(form, field) is not None:
            yield written.fault((field,), "means nothing without redirect_uris")
    if form.sign_in is not None and "device_code" not in (grants or ()):
        yield written.fault(("sign_in",), "means nothing without redirect_uris or the grant device_code")
