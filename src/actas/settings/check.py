"""What no single field can know: names that must exist, things that must not meet, what --dev allows.

Each check yields faults and changes nothing. Checks look only at forms whose shape is right; a name that
is given by a form whose shape is wrong counts as known, so that one mistake is reported once.
"""

from __future__ import annotations

from collections.abc import Iterator

from actas.settings.check_admins import check_admins
from actas.settings.check_auth import check_auth
from actas.settings.check_binding import check_binding
from actas.settings.check_clients import check_apis, check_clients
from actas.settings.check_connections import check_connections
from actas.settings.check_impersonation import check_impersonation
from actas.settings.check_issuers import check_issuers
from actas.settings.check_mcp import check_mcp
from actas.settings.check_people import check_people
from actas.settings.check_rules import check_rules
from actas.settings.check_sign_in import check_sign_in
from actas.settings.check_tests import check_tests
from actas.settings.faults import Fault
from actas.settings.schema_auth import KeyAuth
from actas.settings.schema_envelope import Envelope
from actas.settings.schema_parties import IssuerForm
from actas.settings.shaped import Item, Shaped
from actas.settings.sources import Loc, Written
from actas.settings.strangers import check_strangers
from actas.settings.values import in_words


def check(shaped: Shaped, *, dev: bool) -> Iterator[Fault]:
    """Yield everything that is wrong between the parts of a configuration.

    Args:
        shaped: the forms.
        dev: whether http on this computer is allowed.
    """
    yield from _check_server(shaped)
    yield from _check_keys(shaped)
    yield from _check_audit(shaped)
    yield from check_issuers(shaped)
    yield from check_sign_in(shaped)
    yield from check_apis(shaped)
    yield from check_clients(shaped)
    yield from check_people(shaped)
    yield from check_strangers(shaped)
    yield from check_admins(shaped)
    yield from check_auth(shaped)
    yield from check_rules(shaped)
    yield from check_connections(shaped)
    yield from check_mcp(shaped, dev=dev)
    yield from check_impersonation(shaped)
    yield from check_binding(shaped)
    yield from check_tests(shaped)
    if not dev:
        yield from _check_https(shaped)


def _check_server(shaped: Shaped) -> Iterator[Fault]:
    if shaped.server is None:
        return
    server, written = shaped.server.form, shaped.server.written
    if server.listen == server.management and not server.listen.endswith(":0"):
        yield written.fault(("management",), "must not be the public listener: it shows the server's health")


def _check_audit(shaped: Shaped) -> Iterator[Fault]:
    if shaped.server is None or shaped.audit is None:
        return
    if shaped.audit.form.store == "database" and shaped.server.form.database is None:
        message = "there is no database to keep it in: server.database names none"
        yield shaped.audit.written.fault(("store",), message)


def _check_keys(shaped: Shaped) -> Iterator[Fault]:
    if shaped.keys is None:
        return
    signing, written = shaped.keys.form.signing, shaped.keys.written
    if signing.rotate_every < 2 * signing.publish_ahead:
        least = in_words(2 * signing.publish_ahead)
        message = f"must be at least {least}, twice publish_ahead: a key is published ahead of its use"
        yield written.fault(("signing", "rotate_every"), message)


def _webhooks(shaped: Shaped) -> Iterator[tuple[str | None, Written, Loc]]:
    if shaped.audit is not None:
        for index, sink in enumerate(shaped.audit.form.sinks or ()):
            yield sink.webhook, shaped.audit.written, ("sinks", index, "webhook")
    if shaped.impersonation is not None:
        yield shaped.impersonation.form.notify_webhook, shaped.impersonation.written, ("notify_webhook",)


def _check_https(shaped: Shaped) -> Iterator[Fault]:
    for address, written, loc in _addresses(shaped):
        if address is not None and address.startswith("http://"):
            yield written.fault(loc, "must be https outside --dev")


def _addresses(shaped: Shaped) -> Iterator[tuple[str | None, Written, Loc]]:
    if shaped.server is not None:
        server, written = shaped.server.form, shaped.server.written
        yield server.issuer, written, ("issuer",)
        yield server.docs, written, ("docs",)
    if shaped.keys is not None:
        keys, written = shaped.keys.form, shaped.keys.written
        for name, source in (("envelope", keys.envelope), ("previous_envelope", keys.previous_envelope)):
            if isinstance(source, Envelope):
                yield source.address, written, (name, "address")
    yield from _webhooks(shaped)
    for item in shaped.issuers.values():
        yield from _addresses_of(item)
    for one in shaped.connections.values():
        there = one.form.resource
        yield None if there is None else there.issuer, one.written, ("resource", "issuer")
        for index, resource in enumerate((there and there.resource) or ()):
            yield resource, one.written, one.written.at(("resource", "resource"), index)
    for client in shaped.clients.values():
        if isinstance(client.form.auth, KeyAuth):
            yield client.form.auth.jwks_uri, client.written, ("auth", "jwks_uri")
        yield client.form.backchannel_logout_uri, client.written, ("backchannel_logout_uri",)


def _addresses_of(item: Item[IssuerForm]) -> Iterator[tuple[str | None, Written, Loc]]:
    yield item.form.issuer, item.written, ("issuer",)
    yield item.form.jwks_uri, item.written, ("jwks_uri",)
    if item.form.sign_in is not None:
        for name in ("authorization_endpoint", "token_endpoint"):
            yield getattr(item.form.sign_in, name), item.written, ("sign_in", name)
