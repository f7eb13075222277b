"""Certificates by reference: the server's own, those of authorities, those of clients."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from actas.crypto.certificate import BadCertificate, has_key, read_certificates
from actas.crypto.json import BadJson, read_object
from actas.settings.definitions import TlsSettings
from actas.settings.files import Unreadable, read_file
from actas.settings.references import References
from actas.settings.schema_server import Server
from actas.settings.shaped import Item
from actas.settings.sources import Loc, Written

_MAX_BYTES: Final = 1024 * 1024


def server_tls(item: Item[Server], references: References) -> TlsSettings:
    """Return how the public listener speaks TLS. Faults go to the references' list."""
    form, written = item.form.tls, item.written
    if form is None:
        return TlsSettings()
    own: tuple[Path, Path] | None = None
    if form.certificate is not None and form.key is not None:
        own = (references.find(form.certificate, written), references.find(form.key, written))
        _check_pair(*own, written, references)
    authorities: tuple[bytes, ...] = ()
    if form.client_authorities is not None:
        path = references.find(form.client_authorities, written)
        authorities = certificates(path, written, ("tls", "client_authorities"), references)
    return TlsSettings(own=own, client_authorities=authorities)


def trusted_authorities(item: Item[Server], references: References) -> Path | None:
    """Return the file of the authorities that outgoing connections trust. Faults go where the others do."""
    text, written = item.form.authorities, item.written
    if text is None:
        return None
    path = references.find(text, written)
    try:  # as whoever connects will read it
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        references.faults.append(written.fault(("authorities",), f"{path}: is no PEM file with certificates"))
    except OSError as problem:
        why = f"cannot be read: {problem.strerror}"
        references.faults.append(written.fault(("authorities",), f"{path}: {why}"))
    return path


def _check_pair(certificate: Path, key: Path, written: Written, references: References) -> None:
    chain = certificates(certificate, written, ("tls", "certificate"), references)
    private = references.private_bytes(key, written, ("tls", "key"))
    if not chain or private is None:
        return
    try:
        sentence = None if has_key(chain[0], private) else f"is not the key of the first in {certificate}"
    except BadCertificate as bad:
        sentence = str(bad)
    if sentence is not None:
        references.faults.append(written.fault(("tls", "key"), f"{key}: {sentence}"))


def certificates(path: Path, written: Written, loc: Loc, references: References) -> tuple[bytes, ...]:
    """Return the certificates of a PEM file, or of a JWK set, in DER; none, after a fault."""
    try:
        data, _ = read_file(path, most=_MAX_BYTES)
        return _of_keys(data) if data.lstrip().startswith(b"{") else read_certificates(data)
    except (Unreadable, BadCertificate, BadJson) as wrong:
        references.faults.append(written.fault(loc, f"{path}: {wrong}"))
        return ()


def _of_keys(data: bytes) -> tuple[bytes, ...]:
    """Return the certificate of each key of a JWK set: the first of its ``x5c`` (RFC 7517 section 4.7).

    Raises:
        BadJson: it is no JSON object.
        BadCertificate: a key has none.
    """
    document = read_object(data, max_bytes=_MAX_BYTES)
    keys = document.get("keys", [document])
    found: list[bytes] = []
    for key in keys if isinstance(keys, list) else ():
        chain = key.get("x5c") if isinstance(key, dict) else None
        if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
            raise BadCertificate("has a key without x5c, and so without a certificate")
        found.append(chain[0].encode())
    pem = b"".join(b"-----BEGIN CERTIFICATE-----\n%b\n-----END CERTIFICATE-----\n" % one for one in found)
    return read_certificates(pem)
