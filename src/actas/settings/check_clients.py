"""Checks of APIs and clients: no two things answer to one name, and nobody may ask for what is not there."""

from __future__ import annotations

from collections.abc import Iterator

from actas.core.uri import with_lower_host
from actas.settings.faults import Fault
from actas.settings.schema_apis import ApiForm
from actas.settings.schema_parties import ClientForm, MayRequest
from actas.settings.shaped import Item, Shaped
from actas.settings.sources import Written
from actas.settings.suggest import listed


def check_apis(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with APIs."""
    seen: dict[str, Item[ApiForm]] = {}
    for item in shaped.apis.values():
        audience, written = item.form.audience, item.written
        other = seen.setdefault(with_lower_host(audience), item)  # as requests name it (core.target.api_at)
        if other is not item:
            message = f'is also the audience of "{other.form.name}" ({other.written.place})'
            yield written.fault(("audience",), message)
        if audience != item.form.name and audience in shaped.names["apis"]:
            place = shaped.names["apis"][audience].place
            message = f"is the name of another API ({place}), and a request may mean either"
            yield written.fault(("audience",), message)
        client = shaped.clients.get(audience)
        if client is not None and client.form.api != item.form.name:
            # A token for the API would be meant for that client too (SEC-21).
            message = f"is the name of a client ({client.written.place}) that is not this API"
            yield written.fault(("audience",), message)
        if shaped.server is not None and audience == shaped.server.form.issuer:
            yield written.fault(("audience",), "is this server itself; an API has an audience of its own")
        if "://" in audience and audience.endswith("/"):
            message = "ends with a slash: clients mostly ask without, and that is another audience (RFC 8707)"
            yield written.fault(("audience",), message, "warning")
        if "any" in (item.form.scopes or ()):
            yield written.fault(("scopes", "any"), 'no scope is called "any": rules use the word')
        for index, scope in enumerate(item.form.read_only or ()):
            if (sentence := no_such_scope(scope, (item.form.name,), shaped)) is not None:
                yield written.fault(("read_only", index), sentence)


def check_clients(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with clients."""
    for item in shaped.clients.values():
        yield from _shape(item)
        yield from _requests(item, shaped)


def _shape(item: Item[ClientForm]) -> Iterator[Fault]:
    form, written = item.form, item.written
    if form.kind == "agent" and form.owner is None:
        yield written.fault(("owner",), "is required: every agent has a person who answers for it")


def _requests(item: Item[ClientForm], shaped: Shaped) -> Iterator[Fault]:
    form, written = item.form, item.written
    if form.api is not None and (sentence := shaped.unknown("apis", form.api)) is not None:
        yield written.fault(("api",), sentence)
    if form.may_request is not None:
        yield from check_may_request(form.may_request, written, shaped)


def check_may_request(form: MayRequest, written: Written, shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with the APIs and scopes that somebody may ask for."""
    for index, name in enumerate(form.apis):
        if (sentence := shaped.unknown("apis", name)) is not None:
            yield written.fault(("may_request", "apis", index), sentence)
    for name, scopes in (form.scopes or {}).items():
        loc = ("may_request", "scopes", name)
        if name not in form.apis:
            hint = shaped.hints.did_you_mean(name, form.apis)
            yield written.fault(loc, f'"{name}" is not listed in may_request.apis{hint}')
            continue
        for index, scope in enumerate(scopes):
            if (sentence := no_such_scope(scope, (name,), shaped)) is not None:
                yield written.fault((*loc, index), sentence)


def no_such_scope(scope: str, apis: tuple[str, ...], shaped: Shaped) -> str | None:
    """Return a sentence when none of the APIs has the scope, or None. Unknown APIs are reported elsewhere."""
    known: set[str] = set()
    for api in apis:
        if api not in shaped.apis:
            return None
        known.update(shaped.apis[api].form.scopes or ())
    if scope in known:
        return None
    if len(apis) == 1:
        return f'{apis[0]} has no scope "{scope}" (it has {listed(known)})'
    return f'none of {listed(apis)} has a scope "{scope}"'
