"""Encrypted grants between two real servers, and between ours and another implementation of JWE on either side.

The other one is Authlib's own (``authlib.jose``), which has nothing in common with what this server uses.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.fakes.authlib_server import AuthlibServer
from tests.fakes.program import Program
from tests.web.test_cross_app import API, SECRET, Domains, arranged
from tests.web.test_signing_in import claims_of

from actas.core.wire import ID_JAG_JWT
from actas.crypto import base64url
from actas_sdk import ClientSecret, Refused
from actas_sdk.sync import Actas

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it advises a library that is too near to ours for this
    from authlib.jose import JsonWebEncryption, JsonWebKey  # type: ignore[import-untyped]

RECIPIENTS = {
    "RSA-OAEP-256": ("RSA", 2048),
    "ECDH-ES+A256KW": ("EC", "P-256"),
    "ECDH-ES+A128KW": ("EC", "P-256"),
    "ECDH-ES": ("EC", "P-384"),
}

SIGNS = "RSA-OAEP-256"
"""The one that gives grants as well."""


class EncryptedTo(AuthlibServer):
    """Another company's server that can decrypt.

    Attributes:
        private: its key.
        said: what its metadata says of that.
    """

    def __init__(self, algorithm: str, content: str, **how: Any) -> None:
        super().__init__(**how)
        kind, size = RECIPIENTS[algorithm]
        self.private = JsonWebKey.generate_key(kind, size, is_private=True)
        while not _is_whole(self.private.as_dict(is_private=False)):
            self.private = JsonWebKey.generate_key(kind, size, is_private=True)
        self.public = {
            **self.private.as_dict(is_private=False),
            "kid": "theirs",
            "use": "enc",
            "alg": algorithm,
        }
        self.said = {
            "id_jag_encryption_alg_values_supported": [algorithm],
            "id_jag_encryption_enc_values_supported": [content],
        }

    def got(self, path: str) -> dict[str, Any] | None:
        """What a GET is answered with."""
        document = super().got(path)
        if document is not None and "keys" in document:
            return {"keys": [*document["keys"], self.public]}
        return None if document is None else {**document, **self.said}

    def opened(self, grant: str) -> tuple[dict[str, Any], str]:
        """The header of an encrypted grant, and what is in it."""
        found = JsonWebEncryption().deserialize_compact(grant, self.private)
        return dict(found["header"]), found["payload"].decode()


def _is_whole(public: dict[str, Any]) -> bool:
    """Whether it is a key: Authlib leaves leading zeros of a coordinate out (RFC 7518 section 6.2.1.2)."""
    size = {"P-256": 43, "P-384": 64}.get(public.get("crv", ""))
    return size is None or len(public["x"]) == len(public["y"]) == size


class World(NamedTuple):
    """Two servers of ours that encrypt, and others that can decrypt, by algorithm."""

    domains: Domains
    others: dict[str, EncryptedTo]
    id_token: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    it = arranged(tmp_path_factory.mktemp("encrypted"))
    others = {
        algorithm: EncryptedTo(algorithm, content, clients={"acme-desk": SECRET}, takes=it.home.issuer)
        for algorithm, content in zip(
            RECIPIENTS, ("A256GCM", "A128GCM", "A256CBC-HS512", "A128CBC-HS256"), strict=True
        )
    }
    home, tickets = it.home.company, it.tickets.company
    leading = home.named("connections", "desk-to-tickets")
    leading["proposals"] = ["encryption"]
    mute = AuthlibServer(clients={})
    for number, issuer in enumerate([*(one.issuer for one in others.values()), mute.issuer]):
        resource = {**leading["resource"], "issuer": issuer}
        home.tree["connections"].append({**leading, "name": f"desk-to-{number}", "resource": resource})
    taking = tickets.named("connections", "acme-desk-to-tickets")
    taking.update(proposals=["encryption"], require_encryption=True)
    theirs = {"name": "theirs", "type": "oidc", "issuer": others[SIGNS].issuer, "accepts": ["id_jag"]}
    tickets.tree["issuers"].append(theirs)
    tickets.tree["connections"].append({**taking, "name": "from-theirs", "from": "theirs"})
    with mute, it.home, it.tickets:
        for one in others.values():
            one.__enter__()
        yield World(it, {**others, "none": mute}, it.signed_in()["id_token"])  # type: ignore[dict-item]
        for one in others.values():
            one.__exit__(None, None, None)


@pytest.mark.requirement("JAG-153")
def test_a_grant_crosses_encrypted_from_one_server_to_the_other(world: World) -> None:
    it = world.domains
    about = it.tickets.get("/.well-known/oauth-authorization-server").json
    assert about["id_jag_encryption_required"] is True
    assert {*about["id_jag_encryption_alg_values_supported"]} == {"ECDH-ES+A256KW", "RSA-OAEP-256"}
    assert {*about["id_jag_encryption_enc_values_supported"]} == {"A256GCM", "A128GCM"}
    assert "id_jag_encryption_required" not in it.home.get("/.well-known/oauth-authorization-server").json
    keys = it.tickets.get("/jwks").json["keys"]
    encrypting = {one["alg"]: one["kid"] for one in keys if one["use"] == "enc"}
    assert encrypting.keys() == {"ECDH-ES+A256KW", "RSA-OAEP-256"}
    assert not any(one["use"] == "enc" for one in it.home.get("/jwks").json["keys"])

    answer = it.granted(world.id_token)
    grant = answer["access_token"]
    header = json.loads(_decoded(grant.split(".")[0]))
    assert (header["kid"], header["cty"], header["typ"]) == (encrypting["ECDH-ES+A256KW"], "JWT", ID_JAG_JWT)
    assert "alice" not in grant
    assert answer["scope"] == "tickets:read"
    token = claims_of(it.redeemed(grant)["access_token"])
    assert (token["sub"], token["aud"], token["scope"]) == ("acme:actas:alice", API, "tickets:read")
    again = it.redeemed(grant, status=400)
    assert again["error"] == "invalid_grant"


@pytest.mark.requirement("JAG-153")
@pytest.mark.parametrize("algorithm", [*RECIPIENTS])
def test_another_implementation_reads_what_we_encrypt(world: World, algorithm: str) -> None:
    there = world.others[algorithm]
    grant = world.domains.granted(world.id_token, audience=there.issuer)["access_token"]
    header, inner = there.opened(grant)
    assert (header["alg"], header["kid"], header["cty"]) == (algorithm, "theirs", "JWT")
    published = KeySet.import_key_set(
        {"keys": [one for one in world.domains.home.get("/jwks").json["keys"] if one["use"] == "sig"]}
    )
    read = jwt.decode(inner, published, algorithms=["ES256"])
    assert (read.header["typ"], read.claims["aud"]) == (ID_JAG_JWT, there.issuer)


@pytest.mark.requirement("JAG-153")
@pytest.mark.parametrize("algorithm", ["ECDH-ES+A256KW", "RSA-OAEP-256"])
def test_we_read_what_another_implementation_encrypts(world: World, algorithm: str) -> None:
    it, signs = world.domains, world.others[SIGNS]

    def grant(audience: str) -> str:
        said = {"resource": API, "scope": "tickets:read"}
        return signs.grant(audience, "their-alice", "acme-desk", claims=said)

    came = it.redeemed(_encrypted(grant(it.tickets.issuer), it, algorithm))
    assert claims_of(came["access_token"])["sub"] == "theirs:their-alice"
    plain = it.redeemed(grant(it.tickets.issuer), status=400)
    assert plain["error"] == "invalid_grant"
    for_another = it.redeemed(_encrypted(grant(it.home.issuer), it, algorithm), status=400)
    assert for_another["error"] == "invalid_grant"


@pytest.mark.requirement("JAG-153")
def test_where_the_other_side_has_no_key_no_grant_is_given(world: World) -> None:
    refused = world.domains.granted(world.id_token, audience=world.others["none"].issuer, status=400)
    assert refused["error"] == "invalid_target"
    assert "does not say that it takes encrypted grants" in refused["error_description"]  # in development


@pytest.mark.requirement("JAG-153", "SEC-45")
def test_that_there_was_no_key_is_explained_as_what_no_rule_decided(world: World, tmp_path: Path) -> None:
    world.domains.granted(world.id_token, audience=world.others["none"].issuer, status=400)
    home = world.domains.home.company
    environ = {**home.environ, "ACTAS_CONFIG": str(home.file), "ACTAS_DEV": "1"}
    actas = Program(tmp_path, environ=environ, now=time.time())
    entry = actas("audit", "search", "reason:no_encryption_key", "-o", "name").out.split()[0]
    told = actas("explain", "--entry", entry)
    assert told.code == 1
    assert "under the rules of now" not in told.out
    assert "  8 issuing       ✕  " in told.out
    name = f"desk-to-{len(RECIPIENTS)}"
    said = f"whether it holds now says: actas connections try {name} --as actas:alice"
    assert f"no rule decided it; {said}" in told.out


@pytest.mark.requirement("JAG-153", "JAG-101")
def test_the_sdk_carries_a_grant_that_it_cannot_read(world: World) -> None:
    it = world.domains
    there = ClientSecret(client_id="acme-desk", secret=SECRET)
    secret = it.home.company.secrets["desk"]
    with Actas(it.home.issuer, client_id="desk", client_secret=secret) as actas:
        token = actas.cross_app(
            world.id_token, to=it.tickets.issuer, resource=API, scopes=["tickets:read"], there=there
        )
        assert token.scopes == {"tickets:read"}
        assert claims_of(token.reveal())["sub"] == "acme:actas:alice"
    bound = Actas(it.home.issuer, client_id="desk", client_secret=secret, dpop=True)
    with bound as actas:
        token = actas.cross_app(
            world.id_token, to=it.tickets.issuer, resource=API, scopes=["tickets:read"], there=there
        )
        assert "jkt" in claims_of(token.reveal())["cnf"], "what came of it is bound to our key"
        another = ClientSecret(client_id="acme-desk", secret="not-the-secret-of-acme-desk")
        with pytest.raises(Refused):
            actas.cross_app(world.id_token, to=it.tickets.issuer, resource=API, there=another)


@pytest.mark.requirement("JAG-153")
def test_inspect_says_that_a_grant_is_encrypted_and_to_which_key_and_no_more(
    world: World, tmp_path: Any
) -> None:
    grant = world.domains.granted(world.id_token)["access_token"]
    header = json.loads(_decoded(grant.split(".")[0]))
    ran = Program(tmp_path, environ={}, now=time.time())("inspect", grant)
    assert ran.code == 1
    assert f"encrypted JWT · ECDH-ES+A256KW · to key {header['kid']}" in ran.out
    assert "only whom it is for can look inside" in ran.out
    assert "alice" not in ran.out


def _encrypted(inner: str, it: Domains, algorithm: str) -> str:
    (jwk,) = [one for one in it.tickets.get("/jwks").json["keys"] if one.get("alg") == algorithm]
    header = {"alg": algorithm, "enc": "A128GCM", "kid": jwk["kid"], "cty": "JWT"}
    made: bytes = JsonWebEncryption().serialize_compact(header, inner.encode(), JsonWebKey.import_key(jwk))
    return made.decode()


def _decoded(segment: str) -> bytes:
    return base64url.decode(segment.encode())
