"""Checks of issuers through which people sign in: who they are here must be settled by issuer and subject."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actas.core.sign_in import OPENID
from actas.settings.compile_parties import signs_people_in
from actas.settings.faults import Fault
from actas.settings.schema_parties import IssuerForm
from actas.settings.schema_sign_in import IssuerSignIn
from actas.settings.shaped import Item, Shaped

_OURS: Final = frozenset({"pwd", "otp", "mfa", "hwk", "swk", "user"})
"""What ``acr`` and ``amr`` say of people who sign in here (RFC 8176). Of others these begin with the name
of the issuer, or are no more than that, so it must not be one of them.
"""


def check_sign_in(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with how people sign in through issuers."""
    buttons: dict[str, Item[IssuerForm]] = {}
    for item in shaped.issuers.values():
        terms = item.form.sign_in
        if terms is not None:
            yield from _issuer(item)
            yield from _places(item, terms)
            yield from _apps(item, terms, shaped)
            yield from _button(item, terms, buttons)


def _issuer(item: Item[IssuerForm]) -> Iterator[Fault]:
    form, written = item.form, item.written
    if form.name in _OURS:
        message = "is what acr or amr says of people who sign in here (RFC 8176); call the issuer otherwise"
        yield written.fault(("name",), message)
    if form.type != "oidc":
        yield written.fault(("sign_in",), "is for type oidc: people sign in where discovery says")
    if form.kind != "person":
        yield written.fault(("kind",), f"must be person where people sign in (sign_in); it is {form.kind}")
    if form.subject not in (None, "claims.sub") and form.email_domains is None:
        # Somebody who may choose that name there could choose the sub of another (SEC-24).
        message = (
            "must be left out beside sign_in: people who sign in are called by their sub, and somebody could "
            "have another's sub as this name"
        )
        yield written.fault(("subject",), message)


def _places(item: Item[IssuerForm], terms: IssuerSignIn) -> Iterator[Fault]:
    if terms.client_secret is not None and terms.private_key_jwt is not None:
        message = "is one way to be known by, and client_secret another; leave one out"
        yield item.written.fault(("sign_in", "private_key_jwt"), message)
    if OPENID not in terms.scopes:
        message = "must hold openid: without it nobody says who signed in (OpenID Connect Core 3.1.2.1)"
        yield item.written.fault(("sign_in", "scopes"), message)
    if (
        terms.hosts is not None
        and terms.authorization_endpoint is not None
        and terms.token_endpoint is not None
    ):
        message = "means nothing beside both addresses; leave it out"
        yield item.written.fault(("sign_in", "hosts"), message)


def _apps(item: Item[IssuerForm], terms: IssuerSignIn, shaped: Shaped) -> Iterator[Fault]:
    for index, name in enumerate(terms.clients or ()):
        sentence = shaped.unknown("clients", name)
        client = shaped.clients.get(name)
        if sentence is None and client is not None and not signs_people_in(client.form):
            sentence = f'nobody signs in to "{name}": it has no redirect_uris'
        if sentence is not None:
            yield item.written.fault(("sign_in", "clients", index), sentence)


def _button(
    item: Item[IssuerForm], terms: IssuerSignIn, seen: dict[str, Item[IssuerForm]]
) -> Iterator[Fault]:
    shown = terms.display_name or item.form.name
    other = seen.setdefault(shown, item)
    if other is not item:
        message = f'"{other.form.name}" is shown by the same name ({other.written.place})'
        yield item.written.fault(("sign_in", "display_name"), message)
