"""Whose certificates an outgoing connection believes: the system's authorities, or the operator's."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

SYSTEM_AUTHORITIES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def trust(authorities: Path | None) -> ssl.SSLContext:
    """Verify certificates and names, against the system's authorities or the operator's.

    Made by hand: ``ssl.create_default_context`` takes authorities and a key log from the environment.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies chain and name from the start
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities is not None:
        context.load_verify_locations(authorities)
        return context
    compiled_in = ssl.get_default_verify_paths().openssl_cafile
    found = next((path for path in (compiled_in, *SYSTEM_AUTHORITIES) if Path(path).is_file()), None)
    if found is not None:
        context.load_verify_locations(found)
    return context
