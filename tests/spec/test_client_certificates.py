"""RFC 8705 section 2: a client proves who it is by a TLS certificate."""

from __future__ import annotations

import ipaddress
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.fakes.certificates import Authority, Owned, builder_of, self_signed
from tests.fakes.clock import FixedClock
from tests.fakes.house import CLIENTS, House, allow, client, secret_of

from actas.core.client import ClientAuth, SubjectField
from actas.core.wire import CLIENT_CREDENTIALS
from actas.crypto.certificate import distinguished_name, read_certificates

SUBJECT = "CN=orders,O=Acme\\, Inc.,C=DE"
NAMES = [
    x509.DNSName("Orders.acme.example"),
    x509.UniformResourceIdentifier("spiffe://acme.example/orders"),
    x509.IPAddress(ipaddress.ip_address("192.0.2.9")),
    x509.RFC822Name("orders@acme.example"),
]
RIGHT: dict[SubjectField, str] = {
    "dn": distinguished_name(SUBJECT),
    "san_dns": "orders.acme.example",
    "san_uri": "spiffe://acme.example/orders",
    "san_ip": "192.0.2.9",
    "san_email": "orders@acme.example",
}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.within(tmp_path, "ca")


def house(auth: ClientAuth, authority: Authority | None = None) -> House:
    who = client("tls", auth=auth)
    trusted = () if authority is None else read_certificates(authority.certificate.read_bytes())
    return House(
        clients=(*CLIENTS, who),
        rules=(allow("own-tls", "own", "tls", "inventory"), allow("own-web", "own", "web", "inventory")),
        clock=FixedClock(time.time()),
        authorities=trusted,
    )


def named(field: SubjectField, name: str) -> ClientAuth:
    return ClientAuth(method="tls_client_auth", subject=(field, name))


def own(**parameters: Any) -> dict[str, Any]:
    return {"grant_type": str(CLIENT_CREDENTIALS), "audience": "inventory", **parameters}


@pytest.mark.requirement("TX-105")
@pytest.mark.parametrize("field", RIGHT)
async def test_a_certificate_of_an_authority_proves_the_one_registered_name(
    field: SubjectField, authority: Authority
) -> None:
    shown = authority.issue("orders", subject=SUBJECT, names=NAMES).der
    home = house(named(field, RIGHT[field]), authority)
    answer = await home.post(own(client_id="tls"), certificate=shown)
    assert answer.body["scope"]
    assert home.writer.events[-1]["client"]["method"] == "tls_client_auth"
    for other in ("x" + RIGHT[field], RIGHT[field][:-1], RIGHT[field] + ".evil.example", "*"):
        wrong = house(named(field, other), authority)
        assert (await wrong.turned_away(own(client_id="tls"), certificate=shown)).reason == "bad_client_auth"


@pytest.mark.requirement("TX-105")
async def test_a_name_in_another_place_of_the_certificate_is_not_the_registered_one(
    authority: Authority,
) -> None:
    """Whoever may choose a common name could write somebody else's DNS name into it."""
    shown = authority.issue("odd", subject="CN=orders.acme.example").der
    by_name = house(named("san_dns", "orders.acme.example"), authority)
    assert (await by_name.turned_away(own(client_id="tls"), certificate=shown)).reason == "bad_client_auth"
    two = authority.issue("two", subject="CN=orders+O=Acme").der
    by_subject = house(named("dn", distinguished_name("CN=orders,O=Acme")), authority)
    assert (await by_subject.turned_away(own(client_id="tls"), certificate=two)).reason == "bad_client_auth"


@pytest.mark.requirement("TX-105")
async def test_a_certificate_that_no_authority_issued_for_this_proves_nothing(
    tmp_path: Path, authority: Authority
) -> None:
    home = house(named("dn", distinguished_name("CN=orders")), authority)
    good = authority.issue("orders")
    assert (await home.post(own(client_id="tls"), certificate=good.der)).body["scope"]
    imitation = Authority.within(tmp_path, "imitation")
    forged, forger = self_signed(tmp_path, "orders")
    for bad in (
        imitation.issue("orders"),
        authority.issue("orders", expired=True),
        authority.issue("orders", usage=[ExtendedKeyUsageOID.SERVER_AUTH]),
        forged,
        under(good, forger),
        Owned(good.file, good.der + b"\x00"),
        Owned(good.file, good.der[:-1]),
        Owned(good.file, b""),
    ):
        error = await home.turned_away(own(client_id="tls"), certificate=bad.der)
        assert (error.code, error.reason) == ("invalid_client", "bad_client_auth")
    nobody = house(named("dn", distinguished_name("CN=orders")))
    await nobody.turned_away(own(client_id="tls"), certificate=good.der)


def under(parent: Owned, key: ec.EllipticCurvePrivateKey) -> Owned:
    """A certificate that names a client's certificate as its issuer."""
    name = x509.load_der_x509_certificate(parent.der).subject
    made = builder_of(name, name, ec.generate_private_key(ec.SECP256R1()).public_key())
    signed = made.sign(key, hashes.SHA256())
    return Owned(parent.file, signed.public_bytes(Encoding.DER))


@pytest.mark.requirement("TX-106")
async def test_a_registered_certificate_proves_its_client_whoever_issued_it(
    tmp_path: Path, authority: Authority
) -> None:
    mine, key = self_signed(tmp_path, "mine")
    next_one, _ = self_signed(tmp_path, "next")
    auth = ClientAuth(method="self_signed_tls_client_auth", certificates=(mine.der, next_one.der))
    home = house(auth, authority)
    for good in (mine, next_one):
        assert (await home.post(own(client_id="tls"), certificate=good.der)).body["scope"]
    twin, _ = self_signed(tmp_path, "mine")
    late, _ = self_signed(tmp_path, "late", expired=True)
    for bad in (twin, under(mine, key), authority.issue("mine"), late):
        await home.turned_away(own(client_id="tls"), certificate=bad.der)
    ended = house(replace(auth, certificates=(late.der,)))
    await ended.turned_away(own(client_id="tls"), certificate=late.der)


@pytest.mark.requirement("TX-107", "SEC-09", "SEC-02")
async def test_a_certificate_comes_with_client_id_and_alone(tmp_path: Path) -> None:
    mine, _ = self_signed(tmp_path, "mine")
    home = house(ClientAuth(method="self_signed_tls_client_auth", certificates=(mine.der,)))
    assert (await home.turned_away(own(), certificate=mine.der)).reason == "bad_client_auth"
    assert (await home.turned_away(own(client_id="tls"))).reason == "bad_client_auth"
    posted = own(client_id="tls", client_secret="s" * 43)
    assert (await home.turned_away(posted, certificate=mine.der)).reason == "bad_client_auth"
    for name in ("web", "robot", "phone", "nobody"):
        await home.turned_away(own(client_id=name), certificate=mine.der)
    # On the connection of a client that proves itself otherwise it is no second method.
    secret = own(client_id="web", client_secret=secret_of("web"))
    assert (await home.post(secret, certificate=mine.der)).body["scope"]
    bare = house(ClientAuth(method="self_signed_tls_client_auth"))
    await bare.turned_away(own(client_id="tls"), certificate=mine.der)
