"""Checks of cross-app access, one connection at a time: who asks can, and the people are somebody's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actas.clients.document import is_document_id
from actas.core.abroad import LONGEST_GRANT
from actas.core.party import OURSELVES
from actas.settings.check_chaining import check_chaining
from actas.settings.check_clients import no_such_scope
from actas.settings.check_details import check_details
from actas.settings.check_identifiers import check_identifiers
from actas.settings.check_redeem import check_redeem
from actas.settings.check_ways import check_ways
from actas.settings.faults import Fault
from actas.settings.patterns import faults_of_patterns
from actas.settings.people_named import OurPeople
from actas.settings.schema_auth import NoAuth
from actas.settings.schema_connections import ConnectionForm
from actas.settings.shaped import Item, Shaped
from actas.settings.strangers import fault_of_redeemer
from actas.settings.values import in_words

_OF_ISSUE: Final = ("resource", "people")
_OF_ACCEPT: Final = ("from_", "api", "scopes")
_ONLY_ISSUE: Final = ("resource", "redeem", "identify_by", "email", "act", "sign_in", "algorithm")
_ONLY_ACCEPT: Final = ("from_", "api", "scopes", "authorization_details", "single_use", "require_encryption")


def check_connections(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with connections."""
    ours = _users(shaped)
    for item in shaped.connections.values():
        yield from _direction(item)
        yield from _encryption(item)
        yield from check_chaining(item, shaped)
        yield from check_redeem(item, shaped)
        if item.form.direction == "issue":
            yield from _asking(item, shaped, grant="token_exchange")
            yield from _there(item, shaped)
            yield from _people(item, shaped)
            yield from _missing(item, ours, shaped)
        else:
            yield from _asking(item, shaped, grant="jwt_bearer")
            yield from _issuer(item, shaped)
            yield from _api(item, shaped)
        for index, expression in enumerate((item.form.people and item.form.people.when) or ()):
            for sentence in faults_of_patterns(expression):
                yield item.written.fault(item.written.at(("people", "when"), index), sentence)
    yield from check_ways(shaped)
    yield from check_identifiers(shaped)
    yield from check_details(shaped)


def _direction(item: Item[ConnectionForm]) -> Iterator[Fault]:
    """What belongs to one direction is said there and not in the other, where it would do nothing."""
    form, written = item.form, item.written
    issues = form.direction == "issue"
    for name in _OF_ISSUE if issues else _OF_ACCEPT:
        if getattr(form, name) is None:
            yield written.fault((name.rstrip("_"),), f"is required for direction: {form.direction}")
    for name in _ONLY_ACCEPT if issues else _ONLY_ISSUE:
        if name in form.model_fields_set:
            other = "accept" if issues else "issue"
            yield written.fault((name.rstrip("_"),), f"is for direction: {other}; leave it out")
    if form.people is not None:
        for name in ("match", "unknown") if issues else ("from_",):
            if name in form.people.model_fields_set:
                message = f"means nothing for direction: {form.direction}; leave it out"
                yield written.fault(("people", name.rstrip("_")), message)
    if not issues and "certificate_binding" in (form.proposals or ()):
        message = "certificate_binding means nothing for direction: accept, where a bound grant is always so"
        yield written.fault(("proposals",), message)
    if issues and form.lifetime is not None and form.lifetime > LONGEST_GRANT:
        yield written.fault(("lifetime",), f"a grant lives at most {in_words(LONGEST_GRANT)}")


def _encryption(item: Item[ConnectionForm]) -> Iterator[Fault]:
    """What goes with the proposal of encrypted grants is said with it alone."""
    form, written = item.form, item.written
    if "encryption" in (form.proposals or ()):
        return
    message = "means nothing without the proposal encryption; add it to proposals"
    if form.require_encryption:
        yield written.fault(("require_encryption",), message)
    if form.resource is not None and form.resource.jwks_hosts is not None:
        yield written.fault(("resource", "jwks_hosts"), message)


def _asking(item: Item[ConnectionForm], shaped: Shaped, *, grant: str) -> Iterator[Fault]:
    form, written = item.form, item.written
    described = is_document_id(form.client)
    sentence = (
        fault_of_redeemer(form.client, shaped, grant=grant, api=form.api)
        if described
        else shaped.unknown("clients", form.client)
    )
    if sentence is not None:
        yield written.fault(("client",), sentence)
        return
    client = shaped.clients.get(form.client)
    if client is None:
        return
    usual = ["token_exchange"]
    if isinstance(client.form.auth, NoAuth):
        message = f"{form.client} proves nothing (method none), and a grant is for a client that does"
        yield written.fault(("client",), message)
    elif grant not in (usual if client.form.grants is None else client.form.grants):
        message = (
            f"{form.client} may not use the grant {grant}; add it to its grants ({client.written.place})"
        )
        yield written.fault(("client",), message)


def _there(item: Item[ConnectionForm], shaped: Shaped) -> Iterator[Fault]:
    form, written = item.form, item.written
    if shaped.server is not None and form.resource and form.resource.issuer == shaped.server.form.issuer:
        message = "is this server itself, whose APIs are reached by rules: a grant is for another domain"
        yield written.fault(("resource", "issuer"), message)
    if form.identify_by == "pairwise" and form.email:
        message = "the address lays open who each pairwise name is; leave one of the two out"
        yield written.fault(("email",), message, "warning")
    if form.identify_by == "email" and form.email is False:
        yield written.fault(("email",), "identify_by: email tells the address all the same", "warning")
    if form.identify_by == "email":
        message = "an address can be given to somebody else, who is then taken for its first owner there"
        yield written.fault(("identify_by",), message, "warning")


def _people(item: Item[ConnectionForm], shaped: Shaped) -> Iterator[Fault]:
    form, written = item.form, item.written
    others = "jwt" in ((form.people and form.people.token_types) or ())
    accepted = {"id_token", "jwt"} if others else {"id_token"}
    for index, name in enumerate((form.people and form.people.from_) or ()):
        if name == OURSELVES:
            continue
        loc = written.at(("people", "from"), index)
        if (sentence := shaped.unknown("issuers", name)) is not None:
            yield written.fault(loc, sentence)
            continue
        issuer = shaped.issuers.get(name)
        if issuer is None or issuer.form.sign_in is not None:
            continue
        if accepted.isdisjoint(issuer.form.accepts or ()):
            message = f"nobody comes from {name}: it accepts no id_token, and nobody signs in through it"
            yield written.fault(loc, message)
        elif not isinstance(issuer.form.audiences, dict):
            message = (
                f"audiences of {name} must say which client each is, as AUDIENCE: [{form.client}]; a grant "
                f"is given to the client that the ID token is for, and to no other"
            )
            yield written.fault(loc, message)


def _users(shaped: Shaped) -> OurPeople:
    """Return the users; nobody where one of them cannot be read, so that no other mistake follows from it."""
    readable = shaped.users.keys() == shaped.names["users"].keys()
    users = {name: one.form.groups or () for name, one in shaped.users.items()} if readable else {}
    return OurPeople(users, shaped.names["clients"])


def _missing(item: Item[ConnectionForm], ours: OurPeople, shaped: Shaped) -> Iterator[Fault]:
    people = item.form.people
    if people is None:
        return
    for one in ours.missing(
        people.from_ or (OURSELVES,),
        groups=people.groups or (),
        names=people.names or (),
        suggest=shaped.hints.did_you_mean,
    ):
        yield item.written.fault(item.written.at(("people", one.field), one.index), one.says, "warning")


def _issuer(item: Item[ConnectionForm], shaped: Shaped) -> Iterator[Fault]:
    form, written = item.form, item.written
    if form.from_ is None:
        return
    if (sentence := shaped.unknown("issuers", form.from_)) is not None:
        yield written.fault(("from",), sentence)
        return
    issuer = shaped.issuers.get(form.from_)
    if issuer is None:
        return
    word = "id_jag" if form.grant == "id_jag" else "jwt_grant"
    if word not in (issuer.form.accepts or ()):
        # SEC-58: trust for one purpose is none for another.
        message = (
            f"{form.from_} is not trusted for grants; add {word} to its accepts ({issuer.written.place})"
        )
        yield written.fault(("from",), message)
    match = (form.people and form.people.match) or "subject"
    if (
        match == "subject"
        and issuer.form.subject not in (None, "claims.sub")
        and not issuer.form.email_domains
    ):
        # Somebody who may choose that name there could choose the sub of another (SEC-24).
        message = (
            f"subject of {form.from_} must be left out ({issuer.written.place}): people who come by grants "
            "are called by their sub, and somebody could have another's sub as this name; or give it "
            "email_domains, or match people by aud_sub or sub_id (people.match)"
        )
        yield written.fault(("from",), message)
    if form.people is None:
        return
    if form.people.match == "email" and not issuer.form.email_domains:
        message = f"{form.from_} speaks for no e-mail domain; give it email_domains ({issuer.written.place})"
        yield written.fault(("people", "match"), message)
    if form.people.unknown is not None and form.people.match in ("email", "aud_sub", "sub_id"):
        message = f"means nothing with match: {form.people.match}, which finds users of this server only"
        yield written.fault(("people", "unknown"), message)


def _api(item: Item[ConnectionForm], shaped: Shaped) -> Iterator[Fault]:
    form, written = item.form, item.written
    if form.api is None:
        return
    if (sentence := shaped.unknown("apis", form.api)) is not None:
        yield written.fault(("api",), sentence)
        return
    for index, scope in enumerate(form.scopes or ()):
        if (sentence := no_such_scope(scope, (form.api,), shaped)) is not None:
            yield written.fault(written.at(("scopes",), index), sentence)
    client = shaped.clients.get(form.client)
    may = [] if client is None or client.form.may_request is None else client.form.may_request.apis
    if client is not None and form.api not in may:
        message = (
            f"{form.client} may not ask for {form.api}; add it to may_request.apis ({client.written.place})"
        )
        yield written.fault(("client",), message)
