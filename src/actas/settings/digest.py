"""One value that tells two configurations apart, for health, the minutes and several nodes (REL-30)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actas.settings.forms import WrittenSecret
from actas.settings.resolved import Resolved
from actas.settings.schema import LISTS, SECTIONS
from actas.settings.schema_auth import SecretAuth, SecretJwtAuth
from actas.settings.shaped import Shaped

_encode: Final = msgspec.json.Encoder(order="sorted").encode


def digest_of(shaped: Shaped, resolved: Resolved) -> str:
    """Return SHA-256 over what is written and over the public keys it names, in hexadecimal.

    Named things are taken in the order of their names, so that it does not matter how they are spread
    over files. Secrets are left out, even those that ``--dev`` lets people write into the file.
    """
    whole = hashlib.sha256()
    for section in sorted(SECTIONS):
        item = getattr(shaped, section)
        value: Any = {} if item is None else item.written.value
        if section == "keys" and shaped.keys and isinstance(shaped.keys.form.envelope, WrittenSecret):
            value = {**value, "envelope": None}
        if section == "server" and shaped.server and isinstance(shaped.server.form.database, WrittenSecret):
            value = {**value, "database": None}
        whole.update(_encode([section, value]))
    for section in sorted(LISTS):
        items = getattr(shaped, section)
        for name in sorted(items):
            value = items[name].written.value
            auth = getattr(items[name].form, "auth", None)
            if isinstance(auth, SecretAuth | SecretJwtAuth) and any(
                isinstance(one, WrittenSecret) for one in auth.secret
            ):
                value = {**value, "auth": None}
            whole.update(_encode([section, name, value]))
    for named in _files(resolved):
        whole.update(_encode(named))
    return whole.hexdigest()


def _files(resolved: Resolved) -> Iterator[list[Any]]:
    """Yield what the files hold that are named: public keys and certificates, in the order of the names."""
    client_keys = {name: found.keys for name, found in resolved.clients.items() if found.keys}
    for kind, keys in (("clients", client_keys), ("issuers", resolved.issuer_keys)):
        for name in sorted(keys):
            yield [kind, name, keys[name]]
    for name in sorted(resolved.clients):
        for certificate in resolved.clients[name].certificates:
            yield ["certificates", name, certificate.hex()]
