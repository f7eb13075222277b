"""Keys and addresses inside the token.

A JWS may carry the key it was signed with (``jwk``, ``x5c``) or say where to get it (``jku``, ``x5u``). A
verifier that follows accepts whatever an attacker signs with a key of his own, and one that fetches is his
way into our network besides. Seen in CVE-2018-0114, CVE-2026-11800 and every list of JWT attacks since. A
token that carries any of these is refused, even when it is genuine, before a key is looked at; nothing here
ever opens a connection.
"""

from __future__ import annotations

import base64
import datetime as dt
import socket
from typing import Any, Final, NoReturn

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tests.fakes.clock import NOON
from tests.fakes.forge import SigningKey, forge

from actas.core.errors import BadToken
from actas.crypto.jose import PublicKey, parse, verify

ISSUER: Final = "https://idp.acme.example"
CLAIMS: Final[dict[str, Any]] = {"iss": ISSUER, "sub": "admin", "iat": int(NOON), "exp": int(NOON) + 120}
GENUINE: Final = SigningKey.generate("ES256", kid="k")
ATTACKER: Final = SigningKey.generate("ES256", kid="k")
EVIL: Final = "https://evil.example/keys"


def certificate(key: SigningKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.acme.example")])
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.private.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day + dt.timedelta(days=365))
        .sign(key.private, hashes.SHA256())
    )
    return base64.b64encode(built.public_bytes(Encoding.DER)).decode("ascii")


CARRIED: Final[dict[str, dict[str, Any]]] = {
    "jwk": {"jwk": ATTACKER.jwk()},
    "jwk without kid": {"jwk": ATTACKER.jwk(kid=...)},
    "jwk that is symmetric": {"jwk": {"kty": "oct", "k": ""}},
    "jwk that is the genuine key": {"jwk": GENUINE.jwk()},
    "jwk null": {"jwk": None},
    "jwk in other case": {"JWK": ATTACKER.jwk()},
    "x5c": {"x5c": [certificate(ATTACKER)]},
    "x5c empty": {"x5c": []},
    "x5c with its thumbprint": {"x5c": [certificate(ATTACKER)], "x5t": "AAAA"},
    "x5u": {"x5u": EVIL},
    "x5u in other case": {"X5U": EVIL},
    "jku": {"jku": EVIL},
    "jku at the issuer": {"jku": f"{ISSUER}/jwks?redirect={EVIL}"},
    "jku at the metadata service": {"jku": "http://169.254.169.254/latest/meta-data/"},
    "jku to a file": {"jku": "file:///etc/passwd"},
    "jku as a list": {"jku": [EVIL]},
    "all of them": {"jwk": ATTACKER.jwk(), "x5c": [certificate(ATTACKER)], "jku": EVIL, "x5u": EVIL},
}


@pytest.fixture(autouse=True)
def _closed_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("something opened a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def accept(token: str) -> object:
    key = PublicKey.from_jwk(GENUINE.jwk(), algorithms=["ES256"])
    return verify(parse(token), key=key, types=frozenset({"jwt"}), issuer=ISSUER, now=NOON)


@pytest.mark.requirement("SEC-16", "TX-43")
@pytest.mark.parametrize("name", CARRIED)
def test_a_token_that_brings_its_own_key_is_refused_whoever_signed_it(name: str) -> None:
    for signer in (ATTACKER, GENUINE):
        with pytest.raises(BadToken, match="header") as caught:
            accept(forge(CLAIMS, key=signer, headers=CARRIED[name]))
        assert caught.value.why == "forged"


@pytest.mark.requirement("SEC-16", "TX-43")
def test_a_certificate_thumbprint_or_a_kid_chooses_nothing() -> None:
    header = {"x5t": "AAAA", "x5t#S256": "AAAA", "kid": "../../etc/passwd"}
    assert accept(forge(CLAIMS, key=GENUINE, headers=header)) == CLAIMS
    with pytest.raises(BadToken, match="signature"):
        accept(forge(CLAIMS, key=ATTACKER, headers=header))


@pytest.mark.requirement("SEC-16", "TX-43")
def test_keys_and_addresses_among_the_claims_choose_nothing() -> None:
    claims = {**CLAIMS, "jwk": ATTACKER.jwk(), "jku": EVIL, "cnf": {"jwk": ATTACKER.jwk(), "jku": EVIL}}
    assert accept(forge(claims, key=GENUINE)) == claims
    with pytest.raises(BadToken, match="signature"):
        accept(forge(claims, key=ATTACKER))
