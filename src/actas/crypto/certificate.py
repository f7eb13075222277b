"""Certificates of clients (X.509, RFC 5280): read, named, and traced to an authority that is trusted for it.

Which client a certificate belongs to is for ``clients`` to say; that its key was proved is known before: by
the TLS handshake, or by the proxy that made one.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final, final

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

MAX_CERTIFICATE_BYTES: Final = 12 * 1024
"""Longest certificate that is read, in DER."""

MAX_DEPTH: Final = 5
"""Most authorities between a certificate and one that is trusted."""


_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for what it cannot read, at once or when that part is looked at."""


class BadCertificate(Exception):
    """A certificate cannot be used. The message says why, for administrators."""


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate calls its owner.

    Attributes:
        subject: its subject, as ``distinguished_name`` spells one.
        dns: its DNS names, in lower case; ``uri``, ``ip`` and ``email`` likewise, as they are written.
    """

    subject: str
    dns: frozenset[str] = frozenset()
    uri: frozenset[str] = frozenset()
    ip: frozenset[str] = frozenset()
    email: frozenset[str] = frozenset()


def read_certificates(pem: bytes) -> tuple[bytes, ...]:
    """Return the certificates of a PEM file, each in DER.

    Raises:
        BadCertificate: there is none, or one cannot be read.
    """
    try:
        found = x509.load_pem_x509_certificates(pem)
    except _UNREADABLE:
        raise BadCertificate("is no PEM file with certificates") from None
    return tuple(one.public_bytes(Encoding.DER) for one in found)


def has_key(certificate: bytes, private_pem: bytes) -> bool:
    """Whether an unencrypted private key in PEM is that of a certificate in DER.

    Raises:
        BadCertificate: the key cannot be read.
    """
    read = _load(certificate)
    try:
        mine, theirs = load_pem_private_key(private_pem, password=None).public_key(), read.public_key()
    except _UNREADABLE:
        raise BadCertificate("is no PEM file with an unencrypted private key") from None
    spelt = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return mine.public_bytes(*spelt) == theirs.public_bytes(*spelt)


def distinguished_name(text: str) -> str:
    """Return a distinguished name (RFC 4514) in the one spelling in which such names are compared.

    Raises:
        BadCertificate: it is none.
    """
    try:
        return _spelt(x509.Name.from_rfc4514_string(text))
    except ValueError:
        raise BadCertificate("is no distinguished name, such as CN=orders,O=Acme,C=DE (RFC 4514)") from None


def names_of(certificate: bytes) -> Names:
    """Return what a certificate in DER calls its owner. Whether that is true depends on who issued it.

    Raises:
        BadCertificate: it cannot be read.
    """
    read = _load(certificate)
    try:
        subject = _spelt(read.subject)
        found = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return Names(subject=_spelt(read.subject))
    except _UNREADABLE:
        raise BadCertificate("the certificate's names cannot be read") from None
    return Names(
        subject=subject,
        dns=frozenset(name.lower() for name in found.get_values_for_type(x509.DNSName)),
        uri=frozenset(found.get_values_for_type(x509.UniformResourceIdentifier)),
        ip=frozenset(
            str(address)
            for address in found.get_values_for_type(x509.IPAddress)
            if isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)
        ),
        email=frozenset(found.get_values_for_type(x509.RFC822Name)),
    )


def valid_until(certificate: bytes) -> float:
    """Return when a certificate in DER ends, in seconds since the epoch.

    Raises:
        BadCertificate: it cannot be read.
    """
    return _load(certificate).not_valid_after_utc.timestamp()


def require_usable(certificate: bytes, *, now: float) -> None:
    """Refuse a registered certificate that is not for proving who a client is, or not now.

    Raises:
        BadCertificate: it is out of its time, or made for something else.
    """
    read = _load(certificate)
    at = _moment(now)
    if not read.not_valid_before_utc <= at <= read.not_valid_after_utc:
        raise BadCertificate("the certificate is expired or not yet valid")
    try:
        usage = read.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    except _UNREADABLE:
        raise BadCertificate("the certificate's usage cannot be read") from None
    if not {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}.intersection(usage):
        raise BadCertificate("the certificate is not for client authentication")


@final
class Authorities:
    """The certificate authorities that are trusted to say who a client is.

    Each of them is trusted by itself, roots and intermediates alike: what a caller sends beside its
    certificate is never part of the chain.

    Args:
        certificates: in DER.

    Raises:
        BadCertificate: one of them cannot be read.
    """

    def __init__(self, certificates: Sequence[bytes]) -> None:
        self._policy: PolicyBuilder | None = None
        if certificates:
            self._policy = (
                PolicyBuilder()
                .store(Store([_load(one) for one in certificates]))
                .max_chain_depth(MAX_DEPTH)
                .extension_policies(ca_policy=_authority_policy(), ee_policy=_owner_policy())
            )

    def require_issued(self, certificate: bytes, *, now: float) -> None:
        """Refuse a certificate in DER that none of them issued for client authentication (RFC 5280, 6).

        Raises:
            BadCertificate: no chain leads to one of them, or a link of it is expired or may not be one.
        """
        if self._policy is None:
            raise BadCertificate("no authority is trusted for client certificates")
        verifier = self._policy.time(_moment(now)).build_client_verifier()
        shown = _load(certificate)
        try:
            verifier.verify(shown, [])
        except _UNREADABLE:
            raise BadCertificate("the certificate cannot be read") from None
        except VerificationError as refused:
            raise BadCertificate(
                f"no trusted authority issued the certificate: {str(refused).partition(' (')[0][:200]}"
            ) from None


def _authority_policy() -> ExtensionPolicy:
    """What the web's rules say of authorities, without the extensions that private authorities leave out."""
    return (
        ExtensionPolicy.webpki_defaults_ca()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
        .may_be_present(x509.AuthorityKeyIdentifier, Criticality.AGNOSTIC, None)
        .may_be_present(x509.SubjectKeyIdentifier, Criticality.AGNOSTIC, None)
    )


def _owner_policy() -> ExtensionPolicy:
    """The same for a client's certificate: a subject alternative name is not the only way to be named."""
    return (
        ExtensionPolicy.webpki_defaults_ee()
        .may_be_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
        .may_be_present(x509.AuthorityKeyIdentifier, Criticality.AGNOSTIC, None)
    )


def _is_authority(_policy: Policy, _certificate: x509.Certificate, found: x509.BasicConstraints) -> None:
    if not found.ca:
        raise ValueError("an issuer that is no authority")


def _may_sign(_policy: Policy, _certificate: x509.Certificate, found: x509.KeyUsage | None) -> None:
    if found is not None and not found.key_cert_sign:
        raise ValueError("an authority that may not sign certificates")


def _load(certificate: bytes) -> x509.Certificate:
    if len(certificate) > MAX_CERTIFICATE_BYTES:
        raise BadCertificate("the certificate is too long")
    try:
        read = x509.load_der_x509_certificate(certificate)
    except _UNREADABLE:
        raise BadCertificate("the certificate cannot be read") from None
    if read.public_bytes(Encoding.DER) != certificate:
        raise BadCertificate("the certificate is followed by something else")
    return read


def _spelt(name: x509.Name) -> str:
    """Return one spelling for each name: attributes by number, values quoted, sets sorted (RFC 4514)."""
    return ",".join("+".join(sorted(_attributes(rdn))) for rdn in reversed(name.rdns))


def _attributes(rdn: Iterable[x509.NameAttribute[str | bytes]]) -> list[str]:
    return [f"{one.oid.dotted_string}={one.value!r}" for one in rdn]


def _moment(now: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(now, dt.UTC)
