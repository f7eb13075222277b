"""One value that tells two configurations apart, for health, the minutes and several nodes (REL-30)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec

from actas.settings.forms import Form, WrittenSecret
from actas.settings.resolved import Resolved
from actas.settings.schema import LISTS, SECTIONS
from actas.settings.shaped import Shaped

_HOLDERS: Final = (WrittenSecret, Form, list, dict)
"""What a secret is, or may be somewhere in."""

_encode: Final = msgspec.json.Encoder(order="sorted").encode


def digest_of(shaped: Shaped, resolved: Resolved) -> str:
    """Return SHA-256 over what is written and over the public keys it names, in hexadecimal.

    Named things are taken in the order of their names, so that it does not matter how they are spread
    over files. Secrets are left out, even those that ``--dev`` lets people write into the file.
    """
    whole = hashlib.sha256()
    for section in sorted(SECTIONS):
        item = getattr(shaped, section)
        value: Any = {} if item is None else _without_secrets(item.written.value, item.form)
        whole.update(_encode([section, value]))
    for section in sorted(LISTS):
        items = getattr(shaped, section)
        for name in sorted(items):
            value = _without_secrets(items[name].written.value, items[name].form)
            whole.update(_encode([section, name, value]))
    for named in _files(resolved):
        whole.update(_encode(named))
    return whole.hexdigest()


def _without_secrets(value: object, form: object) -> object:
    """Return what is written, with None in place of every secret that is written in it.

    Args:
        form: what was read of ``value``.
    """
    if isinstance(form, WrittenSecret):
        return None
    if isinstance(form, list):
        forms = cast("list[object]", form)
        if isinstance(value, list):
            pairs = zip(cast("list[object]", value), forms, strict=True)
            return [_without_secrets(one, read) for one, read in pairs]
        # The only item may stand without its list (``OneOrMany``).
        return _without_secrets(value, forms[0]) if len(forms) == 1 else value
    if not isinstance(form, Form | dict):
        return value
    if not isinstance(value, dict):
        return value
    known = _by_name(form) if isinstance(form, Form) else cast("dict[str, object]", form)
    return {
        name: _without_secrets(one, known[name]) if isinstance(known.get(name), _HOLDERS) else one
        for name, one in cast("dict[str, object]", value).items()
    }


def _by_name(form: Form) -> dict[str, object]:
    """Return the fields of a form that are written, by the names under which they are."""
    fields, read = type(form).model_fields, vars(form)
    return {fields[name].alias or name: read[name] for name in form.model_fields_set}


def _files(resolved: Resolved) -> Iterator[list[Any]]:
    """Yield what the files hold that are named: public keys and certificates, in the order of the names."""
    client_keys = {name: found.keys for name, found in resolved.clients.items() if found.keys}
    for kind, keys in (("clients", client_keys), ("issuers", resolved.issuer_keys)):
        for name in sorted(keys):
            yield [kind, name, keys[name]]
    for name in sorted(resolved.clients):
        for certificate in resolved.clients[name].certificates:
            yield ["certificates", name, certificate.hex()]
