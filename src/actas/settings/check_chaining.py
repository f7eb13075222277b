"""Checks of what only plain grants have: fields stand where they do something, and nothing crosses unsaid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actas.core.wire import AT_JWT, DPOP_JWT, ID_JAG_JWT
from actas.policy.rule import RESERVED_CLAIMS
from actas.settings.faults import Fault
from actas.settings.patterns import faults_of_patterns
from actas.settings.schema_chaining import SHORTEST_GRANT, WAYS, JwtGrantsForm, TranscribedClaim
from actas.settings.schema_connections import ConnectionForm, ResourceForm
from actas.settings.schema_parties import IssuerForm
from actas.settings.shaped import Item, Shaped
from actas.settings.values import in_words

_ONLY_PLAIN: Final = ("chain", "claims", "client_claim", "requested_cnf")
_PLAIN_ISSUE: Final = ("chain",)
_PLAIN_ACCEPT: Final = ("client_claim", "requested_cnf")

_NOT_OF_SERVERS: Final = {
    "kind": "is for grant: id_jag, which names APIs; leave it out",
    "authorization_details": "are for grant: id_jag; leave them out",
    "resource": "means nothing for grant: jwt, which is for the server; it decides for which of its APIs",
}
"""What is said of the other domain where grants are for APIs there."""

_RESERVED: Final = RESERVED_CLAIMS | {
    *("email", "email_verified", "name", "resource", "requested_cnf", "aud_sub", "aud_tenant", "tenant"),
    *("nonce", "at_hash", "c_hash", "s_hash", "events", "authorization_details", "kid", "alg"),
}
"""Claims that no connection sets: a server writes them itself, or they make a token one of another kind."""

_TYPED: Final = frozenset(
    {
        *(ID_JAG_JWT, AT_JWT, DPOP_JWT, "logout+jwt", "secevent+jwt", "entity-statement+jwt"),
        *("txntoken+jwt", "client-authentication+jwt", "token-introspection+jwt", "oauth-authz-req+jwt"),
    }
)
"""Values of ``typ`` that say that a JWT is something else (RFC 8725 section 3.11)."""


def check_chaining(item: Item[ConnectionForm], shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with a connection, as far as it is the kind of grant that says so."""
    form, written = item.form, item.written
    if form.grant == "id_jag":
        yield from _of_assertions(item)
        return
    if form.proposals is not None:
        yield written.fault(("proposals",), "are for grant: id_jag, whose draft they are about; leave it out")
    for name in _PLAIN_ACCEPT if form.direction == "issue" else _PLAIN_ISSUE:
        if name in form.model_fields_set:
            other = "accept" if form.direction == "issue" else "issue"
            yield written.fault((name,), f"is for direction: {other}; leave it out")
    if form.direction == "issue":
        yield from _issued(item, shaped)
    elif form.people is not None and form.people.token_types is not None:
        yield written.fault(("people", "token_types"), "means nothing for direction: accept; leave it out")
    for name, claim in (form.claims or {}).items():
        yield from _claim(item, name, claim)


def _of_assertions(item: Item[ConnectionForm]) -> Iterator[Fault]:
    """What only plain grants have is said of no identity assertion."""
    form, written = item.form, item.written
    for name in _ONLY_PLAIN:
        if name in form.model_fields_set:
            yield written.fault((name,), "is for grant: jwt; leave it out")
    if form.people is not None and form.people.token_types is not None:
        yield written.fault(("people", "token_types"), "is for grant: jwt; leave it out")
    if form.resource is not None and isinstance(form.resource.scopes, dict):
        message = "as a mapping are for grant: jwt; whoever signed in holds no scopes, so list them"
        yield written.fault(("resource", "scopes"), message)


def _issued(item: Item[ConnectionForm], shaped: Shaped) -> Iterator[Fault]:
    """What a plain grant of ours cannot say is not said of it, and what it must be known by is."""
    form, written = item.form, item.written
    if "act" in form.model_fields_set:
        yield written.fault(("act",), "is for grant: id_jag; chain says who is told of in a plain grant")
    if form.lifetime is not None and form.lifetime < SHORTEST_GRANT:
        yield written.fault(("lifetime",), f"a plain grant lives at least {in_words(SHORTEST_GRANT)}")
    if form.identifiers is not None:
        yield written.fault(("identifiers",), "are for grant: id_jag; claims says what a plain grant tells")
    if form.resource is not None:
        yield from _server(item, form.resource, shaped)


def _server(item: Item[ConnectionForm], there: ResourceForm, shaped: Shaped) -> Iterator[Fault]:
    """A plain grant is for a server, and its scopes are bought with those of the token that it comes of."""
    written = item.written
    for name, message in _NOT_OF_SERVERS.items():
        if name == "resource" and item.form.redeem is not None:
            continue  # what this server names beside the grant when it redeems that
        if name in there.model_fields_set:
            yield written.fault(("resource", name), message)
    if not isinstance(there.scopes, dict):
        message = (
            "must say for grant: jwt what each is bought with, as HELD: [BOUGHT], and under any what an ID "
            "token buys, which holds no scopes"
        )
        yield written.fault(("resource", "scopes"), message)
    called = {name for api in shaped.apis.values() for name in (api.form.name, api.form.audience)}
    for index, name in enumerate(there.audience or ()):
        if name in called:
            message = f"{name} is an API here, and a request that names no type would be for that"
            yield written.fault(written.at(("resource", "audience"), index), message)


def _claim(item: Item[ConnectionForm], name: str, claim: TranscribedClaim) -> Iterator[Fault]:
    written = item.written
    if (claim.claim is None) == (claim.value is None):
        yield written.fault(("claims", name), "comes from one place: claim or value")
        return
    if name in WAYS and item.form.direction == "issue":
        if claim.claim != name:
            message = f"crosses unchanged or not at all: claim: {name}"
            yield written.fault(("claims", name), message)
    elif name.casefold() in _RESERVED:
        message = f'the claim "{name}" is not for connections: a server writes it itself, or is told by it'
        yield written.fault(("claims", name), message)
    for sentence in faults_of_patterns(claim.value) if claim.value is not None else ():
        yield written.fault(("claims", name, "value"), sentence)


def check_jwt_grants(item: Item[IssuerForm], shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with what an issuer's registration says of its grants."""
    form, written = item.form, item.written
    if form.id_jag_max_life is not None and "id_jag" not in (form.accepts or ()):
        yield written.fault(
            ("id_jag_max_life",), "is for issuers that accept id_jag; accepts does not list it"
        )
    if form.jwt_grants is None:
        return
    if "jwt_grant" not in (form.accepts or ()):
        message = "is for issuers that accept jwt_grant; accepts does not list it"
        yield written.fault(("jwt_grants",), message)
    yield from _types(item, form.jwt_grants, shaped)


def _types(item: Item[IssuerForm], grants: JwtGrantsForm, shaped: Shaped) -> Iterator[Fault]:
    for index, typ in enumerate(grants.types):
        if typ in _TYPED:
            message = f"{typ} says that a token is something else, which is never a grant"
            yield item.written.fault(item.written.at(("jwt_grants", "types"), index), message)
    ourselves = None if shaped.server is None else shaped.server.form.issuer
    untyped = {"jwt", "none"} & {*grants.types}
    if untyped and ourselves is not None and ourselves in (item.form.audiences or ()):
        message = (
            f"list {ourselves}, for which its grants are: with types {', '.join(sorted(untyped))} its other "
            "tokens could not be told from them"
        )
        yield item.written.fault(("audiences",), message)
