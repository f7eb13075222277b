"""A certificate authority for one test."""

from __future__ import annotations

import base64
import datetime as dt
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """Issues server certificates for any host name.

    Args:
        folder: where its files are kept.

    Attributes:
        certificate: its own certificate, a PEM file: what a client must trust.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = folder / "authority.pem"
        made = (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=True,
                    crl_sign=True,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .sign(self._key, hashes.SHA256())
        )
        self.certificate.write_bytes(made.public_bytes(Encoding.PEM))

    @classmethod
    def within(cls, folder: Path, name: str) -> Self:
        """Make an authority in a folder of its own."""
        own = folder / name
        own.mkdir()
        return cls(own)

    def server(self, host: str, *, expired: bool = False) -> ssl.SSLContext:
        """Return the context of a server that is ``host``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.issue(host, names=[x509.DNSName(host)], expired=expired).file)
        return context

    def issue(
        self,
        name: str,
        *,
        names: Sequence[x509.GeneralName] = (),
        usage: Sequence[x509.ObjectIdentifier] = (),
        expired: bool = False,
        subject: str | None = None,
    ) -> Owned:
        """Issue a certificate.

        Args:
            name: of its file, and its subject's common name.
            subject: another subject (RFC 4514).
        """
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(
            x509.Name.from_rfc4514_string(subject or f"CN={name}"), key.public_key(), expired=expired
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        return Owned.written(self._folder / f"{name}.pem", builder.sign(self._key, hashes.SHA256()), key)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, expired: bool = False
    ) -> x509.CertificateBuilder:
        return builder_of(subject, self._name, key, expired=expired)


@dataclass(frozen=True, slots=True)
class Owned:
    """A certificate and its key.

    Attributes:
        file: both, in PEM, readable by its owner only.
        der: the certificate.
    """

    file: Path
    der: bytes

    @classmethod
    def written(cls, file: Path, made: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Self:
        """Write both to a file."""
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.touch(mode=0o600)
        file.write_bytes(private + made.public_bytes(Encoding.PEM))
        return cls(file, made.public_bytes(Encoding.DER))

    @property
    def pem(self) -> bytes:
        """The certificate alone, in PEM."""
        return ssl.DER_cert_to_PEM_cert(self.der).encode()

    @property
    def forwarded(self) -> str:
        """The certificate as a proxy forwards it (RFC 9440 section 2.1)."""
        return f":{base64.b64encode(self.der).decode()}:"

    def shown_to(self, authority: Path) -> ssl.SSLContext:
        """Return the context of a client that shows this certificate to servers of an authority."""
        context = ssl.create_default_context(cafile=str(authority))
        context.load_cert_chain(self.file)
        return context


def self_signed(
    folder: Path, name: str, *, authority: bool = True, expired: bool = False
) -> tuple[Owned, ec.EllipticCurvePrivateKey]:
    """Make a certificate that vouches for itself, as ``openssl req -x509`` does: by default an authority too."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = builder_of(subject, subject, key.public_key(), expired=expired)
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    return Owned.written(folder / f"{name}.pem", builder.sign(key, hashes.SHA256()), key), key


def builder_of(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, expired: bool = False
) -> x509.CertificateBuilder:
    """Return a certificate that is still to be signed."""
    now = dt.datetime.now(dt.UTC)
    ends = now - dt.timedelta(days=1) if expired else now + dt.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(ends)
    )
