"""How this service proves who it is, and how that is configured."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from sdk.tests.support import ISSUER, NOW, StillWorld

from actas_sdk import Actas
from actas_sdk.credentials import ClientKey, ClientSecret, ClientSecretJwt, MutualTls, Workload
from actas_sdk.errors import Misconfigured
from actas_sdk.keys import SigningKey

KEY = ECKey.generate_key("P-256")
JWK: dict[str, Any] = {**KEY.as_dict(private=True), "kid": "orders-1"}
GOOD = {"ACTAS_ISSUER": ISSUER, "ACTAS_CLIENT_ID": "orders", "ACTAS_CLIENT_SECRET": "s3cr3t"}


@pytest.mark.requirement("TX-101")
@pytest.mark.parametrize(
    ("client_id", "secret"),
    [("orders", "s3cr3t"), ("ord:ers", "a:b"), ("spiffe://acme/orders", "p+q r%&="), ("größe", "pässwörd")],
)
def test_id_and_secret_are_form_encoded_before_they_are_joined(
    still: StillWorld, client_id: str, secret: str
) -> None:
    proof = ClientSecret(client_id=client_id, secret=secret).proof(issuer=ISSUER, world=still.world())
    scheme, _, said = proof.headers["Authorization"].partition(" ")
    first, _, second = base64.b64decode(said).decode("ascii").partition(":")

    assert scheme == "Basic"
    assert (unquote_plus(first), unquote_plus(second)) == (client_id, secret)
    assert proof.form == ()


@pytest.mark.requirement("AG-40", "AG-41", "AG-42", "AG-43", "AG-46")
def test_an_assertion_names_the_issuer_alone_and_lives_a_minute(still: StillWorld) -> None:
    credentials = ClientKey(client_id="orders", key=SigningKey.from_jwk(JWK))
    proof = credentials.proof(issuer=ISSUER, world=still.world())
    form = dict(proof.form)
    read = jwt.decode(form["client_assertion"], KEY)

    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert read.header == {"alg": "ES256", "kid": "orders-1", "typ": "client-authentication+jwt"}
    assert read.claims == {
        "iss": "orders",
        "sub": "orders",
        "aud": ISSUER,
        "iat": int(NOW),
        "exp": int(NOW) + 60,
        "jti": "id-1",
    }
    assert proof.headers == {}


def test_each_request_has_an_assertion_of_its_own(still: StillWorld) -> None:
    credentials = ClientKey(client_id="orders", key=SigningKey.from_jwk(JWK))
    made = {
        dict(credentials.proof(issuer=ISSUER, world=still.world()).form)["client_assertion"] for _ in "abc"
    }

    assert len({jwt.decode(each, KEY).claims["jti"] for each in made}) == 3


def test_the_environment_names_server_and_secret() -> None:
    actas = Actas.from_env(GOOD)

    assert (actas.issuer, actas.client_id) == (ISSUER, "orders")


def test_the_environment_names_server_and_key_file(tmp_path: Path) -> None:
    path = tmp_path / "orders.jwk"
    path.write_text(json.dumps(JWK))
    environ = {"ACTAS_ISSUER": ISSUER, "ACTAS_CLIENT_ID": "orders", "ACTAS_CLIENT_KEY": str(path)}

    assert Actas.from_env(environ).client_id == "orders"


def test_the_environment_names_a_token_of_the_platform(tmp_path: Path) -> None:
    file = tmp_path / "token"
    environ = {**GOOD, "ACTAS_CLIENT_SECRET": "", "ACTAS_WORKLOAD_TOKEN": str(file)}
    actas = Actas.from_env(environ)
    assert actas._credentials == Workload(client_id="orders", path=str(file))


def test_the_environment_names_a_certificate(tmp_path: Path) -> None:
    pem = tmp_path / "orders.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(private + self_signed(key))
    environ = {**GOOD, "ACTAS_CLIENT_SECRET": "", "ACTAS_CLIENT_CERTIFICATE": str(pem)}
    assert Actas.from_env(environ)._credentials == MutualTls(client_id="orders", certificate=str(pem))


def test_the_environment_of_the_process_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("ACTAS_CLIENT_KEY", raising=False)

    assert Actas.from_env().client_id == "orders"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"ACTAS_ISSUER": ""}, "ACTAS_ISSUER"),
        ({"ACTAS_CLIENT_ID": ""}, "ACTAS_CLIENT_ID"),
        ({"ACTAS_CLIENT_SECRET": ""}, "ACTAS_CLIENT_SECRET"),
        ({"ACTAS_CLIENT_KEY": "/keys/orders.jwk"}, "ACTAS_CLIENT_KEY"),
        ({"ACTAS_ISSUER": "http://sts.acme.example"}, "issuer"),
    ],
)
def test_what_is_missing_or_too_much_is_named_and_never_shown(changed: dict[str, str], named: str) -> None:
    with pytest.raises(Misconfigured, match=named) as no:
        Actas.from_env(GOOD | changed)

    assert "s3cr3t" not in str(no.value)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"client_secret": ""},
        {"client_secret": "s\udcff"},
        {"client_secret": "s", "client_key": JWK},
        {"client_key": {}},
        {"client_key": "/nowhere/orders.jwk"},
    ],
    ids=range(6),
)
def test_one_usable_way_to_prove_who_we_are_is_needed(given: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        Actas(ISSUER, client_id="orders", **given)
    with pytest.raises(Misconfigured):
        Actas(ISSUER, client_id="", client_secret="s")


def test_a_key_may_be_given_as_it_is_or_as_a_path(tmp_path: Path) -> None:
    path = tmp_path / "orders.jwk"
    path.write_text(json.dumps(JWK))
    for given in (JWK, path, str(path), SigningKey.from_jwk(JWK)):
        assert Actas(ISSUER, client_id="orders", client_key=given).client_id == "orders"


@pytest.mark.requirement("AG-48")
def test_a_secret_authenticates_an_assertion_and_is_not_in_it(still: StillWorld) -> None:
    secret = "s" * 40
    proof = ClientSecretJwt(client_id="orders", secret=secret).proof(issuer=ISSUER, world=still.world())
    form = dict(proof.form)
    read = jwt.decode(form["client_assertion"], OctKey.import_key(secret), algorithms=["HS256"])
    assert read.header == {"alg": "HS256", "typ": "client-authentication+jwt"}
    assert (read.claims["aud"], read.claims["sub"]) == (ISSUER, "orders")
    assert secret not in repr(proof) + repr(ClientSecretJwt(client_id="orders", secret=secret)) + str(form)


def test_a_platforms_token_is_read_again_when_it_is_renewed(tmp_path: Path, still: StillWorld) -> None:
    file = tmp_path / "token"
    workload = Workload(client_id="orders", path=file)
    for subject, kind in (
        ("system:serviceaccount:shop:orders", "jwt-bearer"),
        ("spiffe://acme.example/orders", "jwt-spiffe"),
    ):
        token = jwt.encode({"alg": "ES256"}, {"sub": subject}, KEY)
        file.write_text(token + "\n")
        form = dict(workload.proof(issuer=ISSUER, world=still.world()).form)
        assert form["client_assertion"] == token
        assert form["client_assertion_type"].endswith(f":{kind}")
    for text in ("", "no token", "a.b.c"):
        file.write_text(text)
        with pytest.raises(Misconfigured, match="no token"):
            workload.proof(issuer=ISSUER, world=still.world())
    file.unlink()
    with pytest.raises(Misconfigured, match="no token"):
        workload.proof(issuer=ISSUER, world=still.world())


@pytest.mark.requirement("TX-107")
def test_a_certificate_is_shown_by_the_connection_and_client_id_sent(
    tmp_path: Path, still: StillWorld
) -> None:
    missing = MutualTls(client_id="orders", certificate=tmp_path / "orders.pem")
    proof = missing.proof(issuer=ISSUER, world=still.world())
    assert (proof.form, proof.headers) == ((("client_id", "orders"),), {})
    with pytest.raises(Misconfigured, match=r"orders\.pem"):
        Actas(ISSUER, credentials=missing)


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    certificate, plain, locked = (tmp_path / name for name in ("orders.pem", "key.pem", "locked.pem"))
    key = ec.generate_private_key(ec.SECP256R1())
    certificate.write_bytes(self_signed(key))
    for file, how in ((plain, NoEncryption()), (locked, BestAvailableEncryption(b"open sesame"))):
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))

    assert MutualTls(client_id="orders", certificate=certificate, key=plain).context().check_hostname
    with pytest.raises(Misconfigured, match=r"orders\.pem"):
        MutualTls(client_id="orders", certificate=certificate, key=locked).context()
    assert "pass phrase" not in capfd.readouterr().err


def self_signed(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "orders")])
    day = datetime.fromtimestamp(NOW, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


@pytest.mark.parametrize("secret", ["", "s" * 31, "\udcff" * 40], ids=["none", "short", "no text"])
def test_a_secret_that_cannot_authenticate_is_found_before_anything_is_sent(secret: str) -> None:
    with pytest.raises(Misconfigured, match="32 bytes"):
        ClientSecretJwt(client_id="orders", secret=secret)


def test_credentials_are_given_in_one_way(tmp_path: Path) -> None:
    workload = Workload(client_id="orders", path=tmp_path / "token")
    assert Actas(ISSUER, credentials=workload).client_id == "orders"
    with pytest.raises(Misconfigured, match="not both"):
        Actas(ISSUER, client_id="orders", credentials=workload)
    with pytest.raises(Misconfigured, match="client id"):
        Actas(ISSUER)
    with pytest.raises(Misconfigured, match="client id"):
        Actas(ISSUER, credentials=Workload(client_id="", path=tmp_path / "token"))
