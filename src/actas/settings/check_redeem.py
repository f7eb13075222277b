"""Checks of connections by which this server redeems grants for a client (``redeem``)."""

from __future__ import annotations

from collections.abc import Iterator

from actas.core.uri import with_lower_host
from actas.settings.faults import Fault
from actas.settings.schema_connections import ConnectionForm, ResourceForm
from actas.settings.shaped import Item, Shaped
from actas.settings.sources import Loc


def check_redeem(item: Item[ConnectionForm], shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with who this server is there, and with what the client calls the other domain."""
    form, written = item.form, item.written
    if form.redeem is None or form.direction != "issue":
        return
    if (form.redeem.client_secret is None) == (form.redeem.private_key_jwt is None):
        message = (
            "says by what the other server knows this one: client_secret or private_key_jwt, one of them"
        )
        yield written.fault(("redeem",), message)
    if "certificate_binding" in (form.proposals or ()):
        message = "certificate_binding means nothing with redeem: this server cannot show the client's"
        yield written.fault(("proposals",), message)
    if "resource_in_answers" in (form.proposals or ()):
        message = "resource_in_answers means nothing with redeem: the client gets no grant"
        yield written.fault(("proposals",), message)
    if form.resource is not None:
        yield from _there(item, form.resource, shaped)


def _there(item: Item[ConnectionForm], there: ResourceForm, shaped: Shaped) -> Iterator[Fault]:
    """A client names the other domain as it names APIs here, so that no name may be both."""
    written = item.written
    if there.authorization_details is not None:
        message = "mean nothing beside redeem: they are for clients that redeem grants themselves"
        yield written.fault(("resource", "authorization_details"), message, "warning")
    apis = {name: api for api in shaped.apis.values() for name in (api.form.name, api.form.audience)}
    named: list[tuple[Loc, str]] = [(("resource", "issuer"), there.issuer)]
    for field, many in (("audience", there.audience), ("resource", there.resource)):
        named += [(written.at(("resource", field), index), one) for index, one in enumerate(many or ())]
    for loc, name in named:
        api = apis.get(name) or apis.get(with_lower_host(name))
        if api is not None:
            message = f"{name} is an API here ({api.written.place}), and a request would be for that"
            yield written.fault(loc, message)
