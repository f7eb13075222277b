"""Checks of what tokens are bound to: the word that asks for more wins, so asking for less is a mistake, and
so is asking for what nobody can prove.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actas.core.confirmation import Binding
from actas.settings.check_auth import NOBODY_SHOWS, shows_nobody
from actas.settings.check_references import targets_of
from actas.settings.faults import Fault
from actas.settings.schema_auth import CertificateAuth
from actas.settings.shaped import Shaped
from actas.settings.sources import Written

_STRENGTH: Final[dict[Binding, int]] = {"none": 0, "optional": 1, "dpop": 2, "mtls": 2}
_LOC: Final = ("token", "binding")


def check_binding(shaped: Shaped) -> Iterator[Fault]:
    """Yield words that would do nothing, and words that no token can satisfy."""
    yield from _certificates(shaped)
    if shaped.defaults is None:
        return
    default = shaped.defaults.form.token.binding
    said: list[tuple[Binding | None, Written]] = []
    for items in (shaped.apis.values(), shaped.rules.values()):
        said.extend((item.form.token.binding, item.written) for item in items)
    for word, written in said:
        if word is not None and _STRENGTH[word] < _STRENGTH[default]:
            message = f"asks for less than defaults.token.binding, {default}, which wins; leave it out"
            yield written.fault(_LOC, message)
    yield from _contradictions(shaped, default)


def _certificates(shaped: Shaped) -> Iterator[Fault]:
    """Yield each ``mtls`` where no client can show a certificate: every token would be refused."""
    if shaped.server is None:
        return
    server, message = shaped.server.form, NOBODY_SHOWS
    if not shows_nobody(server):
        registered = any(
            isinstance(item.form.auth, CertificateAuth) and item.form.auth.certificate is not None
            for item in shaped.clients.values()
        )
        trusted = server.tls is not None and server.tls.client_authorities is not None
        if server.trusted_proxies is not None or trusted or registered:
            return
        message = _NOBODY_HAS
    if shaped.defaults is not None and shaped.defaults.form.token.binding == "mtls":
        yield shaped.defaults.written.fault(_LOC, message)
    for items in (shaped.apis.values(), shaped.rules.values()):
        for item in items:
            if item.form.token.binding == "mtls":
                yield item.written.fault(_LOC, message)


_NOBODY_HAS: Final = (
    "nobody is asked for a certificate: no authority is trusted (server.tls.client_authorities), and no "
    "client has one of its own (clients[].auth.certificate)"
)


def _contradictions(shaped: Shaped, default: Binding) -> Iterator[Fault]:
    for items in (shaped.apis.values(), shaped.rules.values()):
        for item in items:
            if _against(item.form.token.binding, default) is not None:
                message = f"asks for another key than defaults.token.binding, {default}{_ONE}"
                yield item.written.fault(_LOC, message)
    for rule in shaped.rules.values():
        for name in targets_of(rule.form):
            api = shaped.apis.get(name)
            other = None if api is None else _against(rule.form.token.binding, api.form.token.binding)
            if other is not None:
                yield rule.written.fault(_LOC, f"asks for another key than the API {name}, {other}{_ONE}")


_ONE: Final = ": a token is bound to one key"


def _against(word: Binding | None, other: Binding | None) -> Binding | None:
    """Return ``other`` when no token can be bound as both ask."""
    return other if {word, other} == {"dpop", "mtls"} else None
