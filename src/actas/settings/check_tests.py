"""Checks of policy tests: they speak of things that exist, and expect one thing."""

from __future__ import annotations

from collections.abc import Iterator

from actas.core.party import OURSELVES
from actas.settings.check_clients import no_such_scope
from actas.settings.faults import Fault
from actas.settings.schema_tests import AskedParty, PolicyTestForm
from actas.settings.shaped import Item, Shaped
from actas.settings.strangers import fault_of_client


def check_tests(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with policy tests."""
    for item in shaped.tests.values():
        yield from _names(item, shaped)
        yield from _expectation(item, shaped)


def _names(item: Item[PolicyTestForm], shaped: Shaped) -> Iterator[Fault]:
    ask, written = item.form.ask, item.written
    if (sentence := fault_of_client(ask.client, shaped)) is not None:
        yield written.fault(("ask", "client"), sentence)
    for index, name in enumerate(ask.api):
        if (sentence := shaped.unknown("apis", name)) is not None:
            yield written.fault(written.at(("ask", "api"), index), sentence)
    yield from _party(item, ask.subject, "subject", shaped)
    yield from _party(item, ask.actor, "actor", shaped)
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
        for field in ("lifetime", "chain", "approval"):
            if field in expect.model_fields_set:
                yield written.fault(("expect", field), "goes with granted: nothing is issued on a refusal")
    if expect.near_miss is not None and expect.refused != "no_rule":
        yield written.fault(("expect", "near_miss"), "goes with refused: no_rule")
    for field, name in (("rule", expect.rule), ("near_miss", expect.near_miss)):
        if name is not None and (sentence := shaped.unknown("rules", name)) is not None:
            yield written.fault(("expect", field), sentence)
    for index, scope in enumerate(expect.granted or ()):
        if (sentence := no_such_scope(scope, tuple(item.form.ask.api), shaped)) is not None:
            yield written.fault(("expect", "granted", index), sentence)
