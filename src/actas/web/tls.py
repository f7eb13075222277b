"""TLS of the public listener: our certificate, and whose certificates callers may show.

A caller may show a certificate and need not. OpenSSL, as Python has it, either asks for none or refuses every
one that it cannot trace to something it knows. So it knows, as anchors of equal rank, the authorities that
issue clients' certificates and every certificate that a client registered by itself. That decides who gets
through the handshake and nothing else: whose a certificate is, ``clients`` judges anew for each request,
against the authorities alone or against that one client's registration.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path


class Tls:
    """The TLS of one listener. Connections that were made keep what they were made with.

    Args:
        certificate: a PEM file, the server's certificate first.
        key: a PEM file with its private key.

    Attributes:
        context: what the listener uses; it stays the same when the certificate is renewed.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self.certificate = certificate
        self._key = key
        self._known: set[bytes] = set()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.options |= ssl.OP_NO_RENEGOTIATION
        # A certificate that is registered by itself is trusted without what issued it.
        self.context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN

    def renew(self) -> None:
        """Read certificate and key again.

        Raises:
            OSError: they cannot be read, or do not belong together; the old ones stay.
        """
        self.context.load_cert_chain(self.certificate, self._key, password=_no_password)

    def admit(self, accepted: Iterable[bytes]) -> None:
        """Let further certificates through the handshake.

        Args:
            accepted: authorities and registered certificates, in DER.
        """
        fresh = set(accepted) - self._known
        if fresh:
            self.context.load_verify_locations(cadata=b"".join(sorted(fresh)))
            self._known |= fresh
            self.context.verify_mode = ssl.CERT_OPTIONAL


def _no_password() -> str:
    """An encrypted key must not make a server wait at a terminal that nobody watches."""
    raise OSError("the private key is encrypted")
