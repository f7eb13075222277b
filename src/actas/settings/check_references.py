"""Checks of what rules refer to: issuers, clients, APIs and scopes that exist and can meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actas.clients.document import is_document_id
from actas.core.party import OURSELVES
from actas.settings.check_clients import no_such_scope
from actas.settings.faults import Fault
from actas.settings.schema_auth import NoAuth
from actas.settings.schema_rules import RuleForm, SubjectSelector
from actas.settings.shaped import Item, Shaped
from actas.settings.strangers import fault_of_document

Rule = Item[RuleForm]

_OF_OURS: Final = frozenset({"access_token", "id_token", "refresh_token"})
"""What tokens of this server are presented as."""


def check_references(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with the names and scopes in a rule."""
    yield from _names(rule, shaped)
    yield from _token_types(rule, shaped)
    yield from _scopes(rule, shaped)
    yield from _may_request(rule, shaped)


def clients_of(form: RuleForm) -> tuple[str, ...]:
    """Return the clients that a rule names."""
    return tuple(form.client) if isinstance(form.client, list) else ()


def targets_of(form: RuleForm) -> tuple[str, ...]:
    """Return the APIs that a rule names."""
    return tuple((form.target and form.target.api) or ())


def _names(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    form, written = rule.form, rule.written
    for index, name in enumerate(clients_of(form)):
        described = is_document_id(name)
        sentence = fault_of_document(name, rule, shaped) if described else shaped.unknown("clients", name)
        if sentence is not None:
            yield written.fault(written.at(("client",), index), sentence)
    for index, name in enumerate(targets_of(form)):
        if (sentence := shaped.unknown("apis", name)) is not None:
            yield written.fault(written.at(("target", "api"), index), sentence)
    for role, selector in (("subject", form.subject), ("actor", form.actor)):
        for index, name in enumerate((selector and selector.from_) or ()):
            if name != OURSELVES and (sentence := shaped.unknown("issuers", name)) is not None:
                yield written.fault(written.at((role, "from"), index), sentence)
        if selector is not None:
            yield from _our_audiences(rule, role, selector, shaped)


def _our_audiences(rule: Rule, role: str, selector: SubjectSelector, shaped: Shaped) -> Iterator[Fault]:
    """Our own tokens are for our own APIs: any other audience is a mistake."""
    if selector.from_ != [OURSELVES]:
        return
    audiences = {api.form.audience for api in shaped.apis.values()}
    known = {*shaped.names["apis"], *audiences}
    for index, audience in enumerate(selector.audience or ()):
        if audience not in known:
            message = f'there is no API "{audience}"{shaped.hints.did_you_mean(audience, known)}'
            yield rule.written.fault(rule.written.at((role, "audience"), index), message)


def _token_types(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    for role, selector in (("subject", rule.form.subject), ("actor", rule.form.actor)):
        if selector is None or not selector.from_ or not selector.token_types:
            continue
        accepted: set[str] = set()
        for name in selector.from_:
            issuer = shaped.issuers.get(name)
            if name != OURSELVES and issuer is None:
                return
            accepted |= _OF_OURS if issuer is None else set(issuer.form.accepts or ())
        for index, one in enumerate(selector.token_types):
            if one not in accepted:
                message = f"no token of {', '.join(selector.from_)} is accepted as {one}"
                yield rule.written.fault((role, "token_types", index), message)


def _scopes(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    form, written = rule.form, rule.written
    targets = targets_of(form) or tuple(shaped.apis)
    for index, scope in enumerate((form.target and form.target.scopes) or ()):
        if (sentence := no_such_scope(scope, targets, shaped)) is not None:
            yield written.fault(("target", "scopes", index), sentence)
    if not isinstance(form.scopes, dict) or form.deny is not None:
        return
    for held, bought in form.scopes.items():
        for index, scope in enumerate(bought):
            if (sentence := no_such_scope(scope, targets, shaped)) is not None:
                yield written.fault(("scopes", held, index), sentence)
        if held != "any" and (sentence := _not_held(held, form, shaped)) is not None:
            yield written.fault(("scopes", held), sentence)


def _not_held(held: str, form: RuleForm, shaped: Shaped) -> str | None:
    """Return a sentence when no subject token can hold the scope, or None."""
    if form.allow == "own":
        return "an own token trades no scopes; write them under any"
    if form.subject is None or form.subject.from_ != [OURSELVES]:
        return None
    wanted = form.subject.audience or []
    apis = tuple(
        name
        for name, api in shaped.apis.items()
        if not wanted or name in wanted or api.form.audience in wanted
    )
    return no_such_scope(held, apis, shaped) if apis else None


def _may_request(rule: Rule, shaped: Shaped) -> Iterator[Fault]:
    """A client that an allow names may ask for a target of it, by a grant that can lead there."""
    form, written = rule.form, rule.written
    targets = targets_of(form)
    if form.allow is None or not targets or any(shaped.unknown("apis", one) for one in targets):
        return
    grant = "client_credentials" if form.allow == "own" else "token_exchange"
    for index, name in enumerate(clients_of(form)):
        client = shaped.clients.get(name)
        if client is None:
            continue
        loc = written.at(("client",), index)
        may = client.form.may_request.apis if client.form.may_request is not None else []
        if not set(targets).intersection(may):
            where = client.written.place
            message = f"{name} may not ask for {', '.join(targets)}; add it to may_request.apis ({where})"
            yield written.fault(loc, message)
        default = [] if isinstance(client.form.auth, NoAuth) else ["token_exchange"]
        if grant not in (default if client.form.grants is None else client.form.grants):
            message = f"{name} may not use the grant {grant}, so this rule never helps it"
            yield written.fault(loc, message, "warning")
