"""Client certificates (RFC 8705 section 2): by a name that an authority vouches for, or by themselves.

That the caller holds the certificate's key was proved in the TLS handshake, here or at a trusted proxy.
Nothing else about the certificate was: both methods look at all of it, at each request.
"""

from __future__ import annotations

from actas.clients.authenticator import Credentials
from actas.core.client import Client
from actas.core.errors import InvalidClient
from actas.core.ports import Clock
from actas.crypto.certificate import Authorities, BadCertificate, Names, names_of, require_usable


class NamedCertificateMethod:
    """``tls_client_auth``: an authority issued the certificate to exactly the registered name (TX-105).

    Args:
        authorities: those that are trusted for clients' certificates.
    """

    def __init__(self, authorities: Authorities, *, clock: Clock) -> None:
        self._authorities = authorities
        self._clock = clock

    async def prove(self, client: Client | None, credentials: Credentials) -> None:
        certificate = _shown(client, credentials)
        registered = None if client is None else client.auth.subject
        if registered is None:
            raise InvalidClient(detail="no certificate subject is registered")
        field, name = registered
        try:
            self._authorities.require_issued(certificate, now=self._clock.now())
            found = _found(names_of(certificate), field)
        except BadCertificate as bad:
            raise InvalidClient(detail=f"certificate of {credentials.client_id}: {bad}") from bad
        if name not in found:
            detail = f"certificate of {credentials.client_id}: its {field} is not the registered one"
            raise InvalidClient(detail=detail)


class RegisteredCertificateMethod:
    """``self_signed_tls_client_auth``: the certificate is a registered one, whoever issued it (TX-106)."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    async def prove(self, client: Client | None, credentials: Credentials) -> None:
        certificate = _shown(client, credentials)
        if client is None or certificate not in client.auth.certificates:
            detail = f"certificate of {credentials.client_id}: it is not a registered one"
            raise InvalidClient(detail=detail)
        try:
            require_usable(certificate, now=self._clock.now())
        except BadCertificate as bad:
            raise InvalidClient(detail=f"certificate of {credentials.client_id}: {bad}") from bad


def _shown(client: Client | None, credentials: Credentials) -> bytes:
    if client is None or credentials.certificate is None:
        raise InvalidClient(detail=f"{credentials.shown_id} showed no certificate")
    return credentials.certificate


def _found(names: Names, field: str) -> frozenset[str]:
    found = {
        "dn": frozenset({names.subject}),
        "san_dns": names.dns,
        "san_uri": names.uri,
        "san_ip": names.ip,
        "san_email": names.email,
    }
    return found[field]
