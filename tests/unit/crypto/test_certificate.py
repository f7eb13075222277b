"""Certificates that are damaged, or say what nobody reads: refused in a sentence, never a crash."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from tests.fakes.certificates import Authority

from actas.crypto.certificate import (
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
    chance = random.Random(1)
    for _ in range(3000):
        damaged = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        for look in looks:
            with suppress(BadCertificate):
                look(bytes(damaged))
