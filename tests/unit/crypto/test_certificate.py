"""Certificates that are damaged, or say what nobody reads: refused in a sentence, never a crash."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.fakes.certificates import Authority, builder_of

from actas.crypto.certificate import (
    MAX_CERTIFICATE_BYTES,
    Authorities,
    BadCertificate,
    names_of,
    read_certificates,
    require_usable,
)

VERSION = bytes.fromhex("a003020102")
DNS = b"\x82\x0borders.acme"
Look = Callable[[bytes], object]


@pytest.fixture
def looks(authority: Authority) -> list[Look]:
    """Everything that looks at a certificate from outside."""
    authorities = Authorities(read_certificates(authority.certificate.read_bytes()))
    now = time.time()
    return [
        names_of,
        lambda shown: require_usable(shown, now=now),
        lambda shown: authorities.require_issued(shown, now=now),
    ]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.within(tmp_path, "ca")


@pytest.fixture
def good(authority: Authority) -> bytes:
    return authority.issue("orders", names=[x509.DNSName("orders.acme")]).der


@pytest.mark.requirement("TX-105", "SEC-04")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (VERSION, VERSION[:-1] + b"\x27"),  # a version that there is not
        (DNS, b"\xa3" + DNS[1:]),  # an X.400 address
        (DNS, b"\x87" + DNS[1:]),  # an IP address of eleven bytes
        (b"\x0c\x06orders", b"\x03\x06orders"),  # a common name that is a bit string
    ],
)
def test_what_cannot_be_read_is_refused(looks: list[Look], good: bytes, old: bytes, new: bytes) -> None:
    assert good.count(old) >= 1
    refused = 0
    for look in looks:
        try:
            look(good.replace(old, new))
        except BadCertificate:
            refused += 1
    assert refused >= 2  # one of them looks at no names


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.requirement("SEC-04")
def test_no_damage_is_more_than_a_refusal(looks: list[Look], good: bytes) -> None:
    chance, refused, passed = random.Random(1), 0, 0
    for _ in range(3000):
        damaged = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        for look in looks:
            try:
                look(bytes(damaged))
                passed += 1
            except BadCertificate:
                refused += 1
    # No other exception came, and the damage was worth looking at: some was seen, some was in no place of use.
    assert refused + passed == 3000 * len(looks)
    assert refused > 3000
    assert passed > 0


@pytest.mark.requirement("TX-105")
@pytest.mark.parametrize(("ca", "signs"), [(True, True), (False, True), (True, False)])
def test_only_an_authority_that_may_sign_certificates_vouches_for_anybody(ca: bool, signs: bool) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=Half an authority")
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    ) | dict.fromkeys(("crl_sign", "encipher_only", "decipher_only"), False)
    anchor = (
        builder_of(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=signs, **usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    owner = builder_of(x509.Name.from_rfc4514_string("CN=orders"), name, key.public_key())
    shown = owner.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    authorities = Authorities([anchor.public_bytes(Encoding.DER)])
    if ca and signs:
        authorities.require_issued(shown, now=time.time())
        return
    with pytest.raises(BadCertificate, match="no trusted authority issued the certificate"):
        authorities.require_issued(shown, now=time.time())


@pytest.mark.requirement("TX-106")
def test_a_registered_certificate_that_is_made_for_servers_proves_no_client(authority: Authority) -> None:
    made_for_servers = authority.issue("web", usage=[ExtendedKeyUsageOID.SERVER_AUTH])
    with pytest.raises(BadCertificate, match="not for client authentication"):
        require_usable(made_for_servers.der, now=time.time())
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    require_usable(authority.issue("both", usage=both).der, now=time.time())


@pytest.mark.requirement("SEC-26")
def test_a_certificate_that_is_too_long_is_not_looked_at() -> None:
    with pytest.raises(BadCertificate, match="too long"):
        names_of(bytes(MAX_CERTIFICATE_BYTES + 1))
