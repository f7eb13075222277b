"""Checks of issuers: each is found by one address, speaks for its own people, and is narrow enough."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from actas.settings.check_chaining import check_jwt_grants
from actas.settings.faults import Fault
from actas.settings.patterns import faults_of_patterns, loose_ends, tells_customers_apart
from actas.settings.schema_parties import IssuerForm
from actas.settings.shaped import Item, Shaped
from actas.settings.sources import Loc

# Issuers at whose address anybody can get a token: issuer and audience alone tell nobody apart (SEC-25).
_SHARED: Final = re.compile(
    r"https://(?:"
    r"token\.actions\.githubusercontent\.com"
    r"|gitlab\.com"
    r"|accounts\.google\.com"
    r"|login\.microsoftonline\.com/(?:common|organizations|consumers|9188040d-6c67-4c5b-b112-36a304b66dad)"
    r"(?:/v2\.0)?"
    r"|app\.terraform\.io"
    r"|agent\.buildkite\.com"
    r"|oidc\.vercel\.com"
    r"|appleid\.apple\.com"
    r"|account\.apple\.com"
    r"|www\.facebook\.com"
    r"|limited\.facebook\.com"
    r"|www\.linkedin\.com(?:/oauth)?"
    r"|login\.salesforce\.com"
    r"|slack\.com"
    r"|id\.twitch\.tv/oauth2"
    r"|www\.paypal\.com"
    r"|login\.yahoo\.com|api\.login\.yahoo\.com"
    r"|auth\.openai\.com"
    r"|oauth2\.sigstore\.dev/auth"
    r"|oidc\.codefresh\.io"
    r")/?"
)


def check_issuers(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with issuers."""
    addresses: dict[str, Item[IssuerForm]] = {}
    domains: dict[str, Item[IssuerForm]] = {}
    for item in shaped.issuers.values():
        yield from _address(item, shaped, addresses)
        yield from _keys(item)
        yield from _purpose(item, shaped)
        yield from _audiences(item, shaped)
        yield from _people(item, domains)
        yield from _types(item)
        yield from check_jwt_grants(item, shaped)
        yield from _expressions(item)


def _address(item: Item[IssuerForm], shaped: Shaped, seen: dict[str, Item[IssuerForm]]) -> Iterator[Fault]:
    issuer = item.form.issuer
    if shaped.server is not None and issuer == shaped.server.form.issuer:
        yield item.written.fault(("issuer",), "is this server itself; rules call it actas")
    other = seen.setdefault(issuer, item)
    if other is not item:
        message = (
            f'is also the issuer of "{other.form.name}" ({other.written.place}); one address, one issuer'
        )
        yield item.written.fault(("issuer",), message)


def _keys(item: Item[IssuerForm]) -> Iterator[Fault]:
    form, written = item.form, item.written
    if form.type == "oidc":
        if "://" not in form.issuer:
            yield written.fault(("issuer",), "must be an address for type oidc: discovery starts there")
        if form.jwks is not None:
            yield written.fault(("jwks",), "is for type jwks; an oidc issuer publishes its keys")
        if form.jwks_hosts is not None and form.jwks_uri is not None:
            yield written.fault(("jwks_hosts",), "means nothing beside jwks_uri; leave one of them out")
    elif form.type == "kubernetes":
        places = [form.jwks is not None, form.jwks_uri is not None, form.jwks_hosts is not None]
        if sum(places) > 1:
            yield written.fault((), "has its keys in one place: jwks, jwks_uri, or where discovery says")
    else:
        if (form.jwks_uri is None) == (form.jwks is None):
            yield written.fault((), "type jwks needs its keys in one way: jwks_uri or jwks")
        if form.jwks_hosts is not None:
            yield written.fault(("jwks_hosts",), "is for type oidc: it bounds what discovery may say")


def _purpose(item: Item[IssuerForm], shaped: Shaped) -> Iterator[Fault]:
    """What its tokens are for: exchange, authentication of clients, sign-in; each if it says so (AG-11)."""
    form, written = item.form, item.written
    is_cluster = form.type == "kubernetes"
    if is_cluster and form.accepts is not None:
        message = "is for tokens that are exchanged; those of a cluster authenticate clients"
        yield written.fault(("accepts",), message)
    for_people = form.sign_in is not None and form.audiences is None
    if form.accepts and {*form.accepts} <= {"id_jag", "jwt_grant"}:
        # A grant is for this server alone and names its client: there is nothing to register of either.
        if form.audiences is not None:
            message = "means nothing for grants, which are for this server alone and name their client"
            yield written.fault(("audiences",), message)
        return
    if not is_cluster and not (form.accepts is None and (form.workloads or for_people)):
        for name in ("audiences", "accepts"):
            if getattr(form, name) is None:
                yield written.fault((name,), "is required")
    ourselves = None if shaped.server is None else shaped.server.form.issuer
    if is_cluster and form.audiences not in (None, [ourselves]):
        yield written.fault(("audiences",), f"must be this server alone: [{ourselves}]")


def _audiences(item: Item[IssuerForm], shaped: Shaped) -> Iterator[Fault]:
    if not isinstance(item.form.audiences, dict):
        return
    for audience, clients in item.form.audiences.items():
        for index, client in enumerate(clients):
            sentence = shaped.unknown("clients", client)
            if sentence is not None:
                yield item.written.fault(("audiences", audience, index), sentence)


def _people(item: Item[IssuerForm], seen: dict[str, Item[IssuerForm]]) -> Iterator[Fault]:
    form, written = item.form, item.written
    if form.email_domains is None:
        return
    for index, domain in enumerate(form.email_domains):
        other = seen.setdefault(domain, item)
        if other is not item:
            message = f'"{other.form.name}" already speaks for {domain} ({other.written.place}); only one may'
            yield written.fault(("email_domains", index), message)
    if form.subject is None:
        message = "is required with email_domains: it says where the address is, such as claims.email"
        yield written.fault(("subject",), message)
    elif "email" in form.subject and not any("email_verified" in one for one in form.when or ()):
        # Anybody can put somebody else's address into a profile that nobody verifies (SEC-24).
        message = "nothing says that the address is verified; add: claims.email_verified == true"
        yield written.fault(("when",), message, "warning")


def _types(item: Item[IssuerForm]) -> Iterator[Fault]:
    if item.form.token_types is not None and "jwt" not in (item.form.accepts or ()):
        yield item.written.fault(("token_types",), "is for issuers that accept jwt; accepts does not list it")


def _expressions(item: Item[IssuerForm]) -> Iterator[Fault]:
    form, written = item.form, item.written
    for expression, loc in _all_expressions(item):
        for sentence in faults_of_patterns(expression):
            yield written.fault(loc, sentence)
    if _SHARED.fullmatch(form.issuer) is None:
        return
    for index, expression in enumerate(form.when or ()):
        for sentence in loose_ends(expression):
            yield written.fault(written.at(("when",), index), sentence)
    if form.email_domains is None and not any(map(tells_customers_apart, form.when or ())):
        message = (
            "serves many customers, and anybody can get a token there; add a condition on the claim that "
            "tells yours apart (when: …), or email_domains"
        )
        yield written.fault(("issuer",), message)


def _all_expressions(item: Item[IssuerForm]) -> Iterator[tuple[str, Loc]]:
    form = item.form
    if form.subject is not None:
        yield form.subject, ("subject",)
    if form.groups is not None:
        yield form.groups, ("groups",)
    if form.sign_in is not None and form.sign_in.mfa is not None:
        yield form.sign_in.mfa, ("sign_in", "mfa")
    for index, expression in enumerate(form.when or ()):
        yield expression, item.written.at(("when",), index)
