"""Secrets by which other servers know this one. They are sent out, so each is for that and for nothing else.

Whatever else a reference leads to is compared or kept here; these leave, to an address that stands beside
them. A name that is also another secret's would give that one away (SEC-81).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from actas.core.secret import Secret
from actas.settings.forms import Reference, SecretSource, WrittenSecret
from actas.settings.references import References
from actas.settings.schema_auth import SecretAuth, SecretJwtAuth
from actas.settings.schema_envelope import Envelope
from actas.settings.shaped import Shaped
from actas.settings.sources import Loc, Written

_AT_ISSUER: Final = ("sign_in", "client_secret")
_ABROAD: Final = ("redeem", "client_secret")

_Source = Reference | WrittenSecret | None
_Setting = tuple[_Source, Written, Loc]
_Place = tuple[str, str]
"""``env`` or ``file``, and which."""


def secrets_there(shaped: Shaped, references: References) -> dict[str, Secret]:
    """Return by which each issuer knows this server that people sign in through, by its name."""
    found: dict[str, Secret] = {}
    for name, item in shaped.issuers.items():
        secret = None if item.form.sign_in is None else item.form.sign_in.client_secret
        if secret is not None and (given := references.given(secret, item.written, _AT_ISSUER)) is not None:
            found[name] = given
    return found


def secrets_abroad(shaped: Shaped, references: References) -> dict[str, Secret]:
    """Return by which each server knows this one that redeems grants there for clients, by connection."""
    found: dict[str, Secret] = {}
    for name, item in shaped.connections.items():
        secret = None if item.form.redeem is None else item.form.redeem.client_secret
        if secret is not None and (given := references.given(secret, item.written, _ABROAD)) is not None:
            found[name] = given
    return found


def refuse_others(shaped: Shaped, references: References, *, data: Path) -> None:
    """Add a fault for each secret that is sent out and is not for that alone.

    Args:
        data: the data folder. It, and the folder of the credentials, hold the server's own; of what is in
            them only a file of the configuration says that it is sent somewhere.
    """
    kept = dict(_kept(shaped, references, data))
    credentials = references.environ.get("CREDENTIALS_DIRECTORY")
    private = [_real(data), *([_real(Path(credentials))] if credentials else ())]
    for source, written, loc in _sent(shaped):
        place = _place(source, written, references)
        if place is None:
            continue
        way, which = place
        other = kept.get(place)
        if other is not None:
            message = f"is where {other} is kept, and this secret is sent to another server; give it its own"
            references.faults.append(written.fault([*loc, way], message))
        elif way == "file" and written.source.received and any(map(Path(which).is_relative_to, private)):
            message = (
                "is among the server's own files; only a file of the configuration has one sent elsewhere"
            )
            references.faults.append(written.fault([*loc, way], message))


def _sent(shaped: Shaped) -> Iterator[_Setting]:
    for issuer in shaped.issuers.values():
        terms = issuer.form.sign_in
        yield None if terms is None else terms.client_secret, issuer.written, _AT_ISSUER
    for one in shaped.connections.values():
        yield None if one.form.redeem is None else one.form.redeem.client_secret, one.written, _ABROAD


def _kept(shaped: Shaped, references: References, data: Path) -> Iterator[tuple[_Place, str]]:
    """Yield where each secret is kept that is not sent to such a server, and whose it is."""
    if shaped.keys is not None and shaped.keys.form.envelope is None:
        yield ("file", str(_real(data / "envelope.key"))), "the envelope key"
    if (server := shaped.server) is not None and server.form.tls is not None and server.form.tls.key:
        key = references.find(server.form.tls.key, server.written)
        yield ("file", str(_real(key))), _called(server.written, ("tls", "key"))
    for source, written, loc in (*_of_the_server(shaped), *_of_parties(shaped)):
        place = _place(source, written, references)
        if place is not None:
            yield place, _called(written, loc)


def _of_the_server(shaped: Shaped) -> Iterator[_Setting]:
    if (server := shaped.server) is not None:
        yield server.form.database, server.written, ("database",)
        mail = server.form.mail
        yield None if mail is None else mail.password, server.written, ("mail", "password")
    if (keys := shaped.keys) is not None:
        for name, source in (
            ("envelope", keys.form.envelope),
            ("previous_envelope", keys.form.previous_envelope),
        ):
            yield source, keys.written, (name,)
            if isinstance(source, Envelope):
                yield source.token, keys.written, (name, "token")
    if (strangers := shaped.client_registration) is not None:
        yield strangers.form.token, strangers.written, ("token",)
    if (acting := shaped.impersonation) is not None:
        yield from _many(acting.form.notify_secret, acting.written, ("notify_secret",))
    if (audit := shaped.audit) is not None:
        for index, sink in enumerate(audit.form.sinks or ()):
            yield from _many(sink.secret, audit.written, ("sinks", index, "secret"))


def _of_parties(shaped: Shaped) -> Iterator[_Setting]:
    for user in shaped.users.values():
        yield user.form.password, user.written, ("password",)
    for client in shaped.clients.values():
        if isinstance(client.form.auth, SecretAuth | SecretJwtAuth):
            many = cast("list[SecretSource]", client.form.auth.secret)
            yield from _many(many, client.written, ("auth", "secret"))


def _many(sources: list[SecretSource] | None, written: Written, loc: Loc) -> Iterator[_Setting]:
    for index, source in enumerate(sources or ()):
        yield source, written, written.at(loc, index)


def _place(source: _Source, written: Written, references: References) -> _Place | None:
    if not isinstance(source, Reference):
        return None
    if source.env is not None:
        return "env", source.env
    if source.file is not None:
        return "file", str(_real(references.find(source.file, written)))
    return None


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _called(written: Written, loc: Loc) -> str:
    line, path = written.find(loc)
    return f"{path} ({written.source.shown}:{line})" if line else f"{path} ({written.source.shown})"
