"""Checks of policy tests: they speak of things that exist, and expect one thing."""

from __future__ import annotations

from collections.abc import Iterator

from actas.core.party import OURSELVES
from actas.settings.check_clients import no_such_scope
from actas.settings.faults import Fault
from actas.settings.schema_chaining import each_scope
from actas.settings.schema_connections import ConnectionForm
from actas.settings.schema_tests import Ask, AskedParty, PolicyTestForm
from actas.settings.shaped import Item, Shaped
from actas.settings.strangers import fault_of_client
from actas.settings.suggest import listed


def check_tests(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with policy tests."""
    for item in shaped.tests.values():
        yield from _names(item, shaped)
        yield from _expectation(item, shaped)


def _names(item: Item[PolicyTestForm], shaped: Shaped) -> Iterator[Fault]:
    ask, written = item.form.ask, item.written
    if (sentence := fault_of_client(ask.client, shaped)) is not None:
        yield written.fault(("ask", "client"), sentence)
    yield from _target(item, shaped)
    for index, name in enumerate(ask.api or ()):
        if (sentence := shaped.unknown("apis", name)) is not None:
            yield written.fault(written.at(("ask", "api"), index), sentence)
    yield from _party(item, ask.subject, "subject", shaped)
    yield from _party(item, ask.actor, "actor", shaped)
    yield from _known(item, shaped)
    if ask.subject is None and ask.actor is not None:
        yield written.fault(("ask", "actor"), "an actor token goes with a subject token")
    if ask.requested_subject is not None:
        if (sentence := shaped.unknown("users", ask.requested_subject)) is not None:
            yield written.fault(("ask", "requested_subject"), sentence)
        if ask.actor is not None:
            message = "goes without requested_subject: the administrator is the subject"
            yield written.fault(("ask", "actor"), message)
    elif ask.why is not None:
        yield written.fault(("ask", "why"), "goes with requested_subject")


def _target(item: Item[PolicyTestForm], shaped: Shaped) -> Iterator[Fault]:
    """A token of ours for APIs, or a grant for what one connection leads to."""
    ask, written = item.form.ask, item.written
    if (ask.api is None) == (ask.connection is None):
        yield written.fault(("ask",), "say either api or connection")
    if ask.connection is None:
        if ask.authorization_details is not None:
            yield written.fault(
                ("ask", "authorization_details"), "goes with connection: nothing else is asked so"
            )
        return
    if (sentence := shaped.unknown("connections", ask.connection)) is not None:
        yield written.fault(("ask", "connection"), sentence)
    elif ask.connection in shaped.connections:
        form = shaped.connections[ask.connection].form
        if form.client != ask.client:
            yield written.fault(("ask", "client"), f"{ask.connection} is a connection of {form.client}")
        if form.direction == "accept":
            yield from _who_is_told_of(item, form, shaped)
            return
    yield from _who_signed_in(item, shaped)


def _who_is_told_of(item: Item[PolicyTestForm], form: ConnectionForm, shaped: Shaped) -> Iterator[Fault]:
    """A grant that is redeemed is the subject: of the issuer of the connection, and alone."""
    subject, written = item.form.ask.subject, item.written
    match = (form.people and form.people.match) or "subject"
    if subject is None:
        yield written.fault(("ask",), "say whom the grant tells of (subject)")
    elif subject.from_ != form.from_:
        yield written.fault(("ask", "subject", "from"), f"{form.name} redeems grants of {form.from_}")
    elif match != "subject":
        if (sentence := shaped.unknown("users", subject.user)) is not None:
            yield written.fault(("ask", "subject", "user"), sentence)
        for field in ("known", "groups"):
            if field in subject.model_fields_set:
                message = f"goes without match: {match}, which finds a user of this server"
                yield written.fault(("ask", "subject", field), message)
    for field in ("actor", "requested_subject"):
        if getattr(item.form.ask, field) is not None:
            message = "goes without connection: whom a grant tells of, it says itself"
            yield written.fault(("ask", field), message)


def _who_signed_in(item: Item[PolicyTestForm], shaped: Shaped) -> Iterator[Fault]:
    """A grant is of somebody who signed in, and of nobody else."""
    ask, written = item.form.ask, item.written
    if ask.subject is None:
        yield written.fault(("ask",), "say whose the grant is (subject): a client has none of its own")
    elif ask.subject.token_type == "access_token" and not _is_plain(ask, shaped):
        message = "is no sign-in, which is what such a grant tells of: leave it out, or say id_token"
        yield written.fault(("ask", "subject", "token_type"), message)
    for field in ("actor", "requested_subject"):
        if getattr(ask, field) is not None:
            yield written.fault(("ask", field), "goes without connection: the grant is of who signed in")


def _is_plain(ask: Ask, shaped: Shaped) -> bool:
    connection = shaped.connections.get(ask.connection or "")
    return connection is not None and connection.form.grant == "jwt"


def _known(item: Item[PolicyTestForm], shaped: Shaped) -> Iterator[Fault]:
    ask = item.form.ask
    connection = shaped.connections.get(ask.connection or "")
    redeems = connection is not None and connection.form.direction == "accept"
    for role, party in (("subject", ask.subject), ("actor", ask.actor)):
        if party is not None and party.known is not None and not (redeems and role == "subject"):
            message = "goes with a connection that accepts grants: who else shows a token is known by it"
            yield item.written.fault(("ask", role, "known"), message)


def _party(
    item: Item[PolicyTestForm], party: AskedParty | None, role: str, shaped: Shaped
) -> Iterator[Fault]:
    if party is None or party.from_ == OURSELVES:
        return
    if party.token_type is not None:
        message = f"is for tokens of {OURSELVES}; what an issuer's are, the issuer says"
        yield item.written.fault(("ask", role, "token_type"), message)
    if (sentence := shaped.unknown("issuers", party.from_)) is not None:
        yield item.written.fault(("ask", role, "from"), sentence)


def _expectation(item: Item[PolicyTestForm], shaped: Shaped) -> Iterator[Fault]:
    expect, written = item.form.expect, item.written
    if (expect.granted is None) == (expect.refused is None):
        yield written.fault(("expect",), "say either granted or refused")
    elif expect.granted is None:
        for field in ("lifetime", "chain", "approval", "authorization_details"):
            if field in expect.model_fields_set:
                yield written.fault(("expect", field), "goes with granted: nothing is issued on a refusal")
    if expect.near_miss is not None and expect.refused != "no_rule":
        yield written.fault(("expect", "near_miss"), "goes with refused: no_rule")
    for field, name in (("rule", expect.rule), ("near_miss", expect.near_miss)):
        if name is not None and (sentence := shaped.unknown("rules", name)) is not None:
            yield written.fault(("expect", field), sentence)
    for index, scope in enumerate(expect.granted or ()):
        if (sentence := _no_scope(scope, item.form.ask, shaped)) is not None:
            yield written.fault(("expect", "granted", index), sentence)


def _no_scope(scope: str, ask: Ask, shaped: Shaped) -> str | None:
    if ask.connection is None:
        return no_such_scope(scope, tuple(ask.api or ()), shaped)
    if ask.connection not in shaped.connections:
        return None
    form = shaped.connections[ask.connection].form
    known = form.scopes or [] if form.resource is None else each_scope(form.resource.scopes)
    return None if scope in known else f'{ask.connection} has no scope "{scope}" (it has {listed(known)})'
