"""One value that tells two configurations apart, for health, the minutes and several nodes (REL-30)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actas.settings.forms import WrittenSecret
from actas.settings.resolved import Resolved
from actas.settings.schema import LISTS, SECTIONS
from actas.settings.schema_audit import Audit
from actas.settings.schema_auth import SecretAuth, SecretJwtAuth
from actas.settings.schema_envelope import Envelope
from actas.settings.schema_server import Keys
from actas.settings.shaped import Item, Shaped

_encode: Final = msgspec.json.Encoder(order="sorted").encode


def digest_of(shaped: Shaped, resolved: Resolved) -> str:
    """Return SHA-256 over what is written and over the public keys it names, in hexadecimal.

    Named things are taken in the order of their names, so that it does not matter how they are spread
    over files. Secrets are left out, even those that ``--dev`` lets people write into the file.
    """
    whole = hashlib.sha256()
    for section in sorted(SECTIONS):
        item = getattr(shaped, section)
        value: Any = {} if item is None else _told(item)
        if section == "keys" and shaped.keys:
            value = _keys(value, shaped.keys.form)
        if section == "audit" and shaped.audit:
            value = _audit(value, shaped.audit.form)
        whole.update(_encode([section, value]))
    for section in sorted(LISTS):
        items = getattr(shaped, section)
        for name in sorted(items):
            value = _without_secrets(items[name].written.value, items[name].form)
            whole.update(_encode([section, name, value]))
    for named in _files(resolved):
        whole.update(_encode(named))
    return whole.hexdigest()


def _without_secrets(value: Any, form: Any) -> Any:
    auth = getattr(form, "auth", None)
    if isinstance(auth, SecretAuth | SecretJwtAuth) and any(
        isinstance(one, WrittenSecret) for one in auth.secret
    ):
        value = {**value, "auth": None}
    if isinstance(getattr(form, "password", None), WrittenSecret):
        value = {**value, "password": None}
    if isinstance(getattr(getattr(form, "sign_in", None), "client_secret", None), WrittenSecret):
        value = {**value, "sign_in": {**value["sign_in"], "client_secret": None}}
    return value


def _keys(value: Any, form: Keys) -> Any:
    for name in ("envelope", "previous_envelope"):
        source: Envelope | WrittenSecret | None = getattr(form, name)
        if isinstance(source, WrittenSecret):
            value = {**value, name: None}
        elif source is not None and isinstance(source.token, WrittenSecret):
            value = {**value, name: {**value[name], "token": None}}
    return value


def _audit(value: Any, form: Audit) -> Any:
    sinks: list[Any] = [*(value.get("sinks") or ())]
    for index, sink in enumerate(form.sinks or ()):
        if any(isinstance(one, WrittenSecret) for one in sink.secret or ()):
            sinks[index] = {**sinks[index], "secret": None}
    return {**value, "sinks": sinks} if sinks else value


def _files(resolved: Resolved) -> Iterator[list[Any]]:
    """Yield what the files hold that are named: public keys and certificates, in the order of the names."""
    client_keys = {name: found.keys for name, found in resolved.clients.items() if found.keys}
    for kind, keys in (("clients", client_keys), ("issuers", resolved.issuer_keys)):
        for name in sorted(keys):
            yield [kind, name, keys[name]]
    for name in sorted(resolved.clients):
        for certificate in resolved.clients[name].certificates:
            yield ["certificates", name, certificate.hex()]


def _told(item: Item[Any]) -> Any:
    """Return what a section says, without the secrets that are written in it."""
    secret = [
        name for name in ("database", "token") if isinstance(getattr(item.form, name, None), WrittenSecret)
    ]
    return {**item.written.value, **dict.fromkeys(secret)} if secret else item.written.value
