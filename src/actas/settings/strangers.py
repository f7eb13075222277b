"""Clients that nobody listed, compiled and checked: they publish what they are, or register themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypedDict

from actas.clients.document import DocumentTerms, NoDocument, is_document_id
from actas.clients.registered import RegistrationTerms
from actas.core.client import SignInLives
from actas.core.secret import Secret
from actas.core.wire import SHORT_GRANT_TYPES, GrantType
from actas.settings.check_clients import check_may_request
from actas.settings.faults import Fault
from actas.settings.schema_rules import RuleForm
from actas.settings.schema_strangers import ANY, ClientDocumentsForm, ClientRegistrationForm
from actas.settings.shaped import Item, Shaped


class _MayHave(TypedDict):
    kind: Literal["app", "agent"]
    grants: frozenset[GrantType]
    apis: frozenset[str]
    scopes: dict[str, frozenset[str]]
    groups: frozenset[str]


def _may_have(form: ClientDocumentsForm | ClientRegistrationForm) -> _MayHave:
    """Return what such clients may have, whichever way they came."""
    may = form.may_request
    return {
        "kind": form.kind,
        "grants": frozenset(SHORT_GRANT_TYPES[one] for one in form.grants),
        "apis": frozenset(may.apis) if may is not None else frozenset(),
        "scopes": {name: frozenset(scopes) for name, scopes in ((may and may.scopes) or {}).items()},
        "groups": frozenset(form.groups or ()),
    }


def document_terms(shaped: Shaped, lives: SignInLives | None = None) -> DocumentTerms | None:
    """Return what holds for clients that publish what they are; None when none is let in.

    Args:
        lives: how long what they get is good for.
    """
    item = shaped.client_metadata_documents
    if item is None or not item.form.hosts:
        return None
    form = item.form
    hosts = item.form.hosts
    return DocumentTerms(
        hosts=frozenset(one for one in hosts if one != ANY and not one.startswith("*.")),
        below=frozenset(one.removeprefix("*.") for one in hosts if one.startswith("*.")),
        anybody=ANY in hosts,
        # A token for an API must not be meant for a client that is called like it (SEC-21).
        refused=frozenset({*(form.refuse or ()), *(api.form.audience for api in shaped.apis.values())}),
        **_may_have(form),
        lives=lives or SignInLives(),
    )


def registration_terms(shaped: Shaped, token: Secret | None, lives: SignInLives) -> RegistrationTerms | None:
    """Return what holds for clients that register themselves; None when none may.

    Args:
        token: the initial access token.
        lives: how long what they get is good for.
    """
    item = shaped.client_registration
    if item is None or not (item.form.open or token is not None):
        return None
    form = item.form
    return RegistrationTerms(
        open=form.open,
        token=token,
        **_may_have(form),
        refused=frozenset(form.refuse or ()),
        most=form.most,
        unused_for=form.unused_for,
        lives=lives,
    )


def _check_registration(shaped: Shaped) -> Iterator[Fault]:
    item = shaped.client_registration
    if item is None or not item.form.model_fields_set:
        return
    form, written = item.form, item.written
    if not form.open and form.token is None:
        yield written.fault(("token",), "is required, unless it is open: without it nobody registers")
    if form.open and form.token is not None:
        yield written.fault(("token",), "means nothing where it is open to anybody")
    if form.open:
        message = "anybody may register clients here; client_metadata_documents stores nothing"
        yield written.fault(("open",), message, "warning")
    if "authorization_code" not in form.grants:
        yield written.fault(("grants",), "lacks authorization_code, without which such a client gets nothing")
    if form.may_request is not None:
        yield from check_may_request(form.may_request, written, shaped)


def check_strangers(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with the section, and with what would not go together with it."""
    yield from _check_registration(shaped)
    item = shaped.client_metadata_documents
    if item is None or not item.form.model_fields_set:
        return
    form, written = item.form, item.written
    if form.hosts is None:
        yield written.fault(("hosts",), "is required: without it nobody's documents are read")
    elif ANY in form.hosts and len(form.hosts) > 1:
        yield written.fault(("hosts",), "any is everybody; leave the others out, or leave out any")
    if form.may_request is not None:
        yield from check_may_request(form.may_request, written, shaped)
    for issuer in shaped.issuers.values():
        if issuer.form.name in ("https", "http"):
            message = "is how such a client_id begins (client_metadata_documents); call the issuer otherwise"
            yield issuer.written.fault(("name",), message)


def fault_of_client(name: str, shaped: Shaped) -> str | None:
    """Return what is wrong with how a client is called, by its name or its document; None when nothing."""
    if not is_document_id(name):
        return shaped.unknown("clients", name)
    terms = document_terms(shaped)
    if terms is None:
        return "no such client is let in: client_metadata_documents.hosts lists none"
    try:
        terms.address(name)
    except NoDocument as none:
        return f"there is no such client: {none}"
    return None


def fault_of_redeemer(name: str, shaped: Shaped, *, grant: str, api: str | None) -> str | None:
    """Return what is wrong with a connection that names a client by its document; None when nothing is.

    Args:
        grant: by which the client asks for grants, or redeems them; ``api`` for what it redeems them.
    """
    terms, fault = document_terms(shaped), fault_of_client(name, shaped)
    if fault is not None or terms is None:
        return fault
    if SHORT_GRANT_TYPES[grant] not in terms.grants:
        return f"such clients may not use the grant {grant}; add it to client_metadata_documents.grants"
    if api is not None and api not in terms.apis:
        return f"it may not ask for {api}; see client_metadata_documents.may_request"
    return None


def fault_of_document(name: str, rule: Item[RuleForm], shaped: Shaped) -> str | None:
    """Return what is wrong with a rule that names a client by its document; None when nothing is."""
    terms = document_terms(shaped)
    fault = fault_of_client(name, shaped)
    if fault is not None or terms is None:
        return fault
    form = rule.form
    if form.allow is None:
        return None
    if form.allow == "impersonation":
        return "a client that nobody registered does not act as somebody else"
    targets = frozenset((form.target and form.target.api) or ())
    if targets and targets.isdisjoint(terms.apis):
        return f"it may not ask for {', '.join(sorted(targets))}; see client_metadata_documents.may_request"
    return None
