"""A key of one purpose used for another.

In 2023 a stolen key that was meant for consumers' tokens signed tokens for enterprises, and they were
accepted, because one published set served both (Storm-0558). The attacker here has got hold of one of our
keys, or of a signature that one of them made, and presents it where another is expected: an access token
signed by the key of the audit log, a checkpoint signed by a token key, a digest of the minutes as the digest
of a client secret. A key is found only by its ``kid`` together with the purpose it is needed for; each set
that is published holds one purpose; and keyed digests have a key each.
"""

from __future__ import annotations

import base64

import pytest
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.sealer import sealer

from actas.audit.checkpoint import TYPE, BadCheckpoint, Checkpoint, read_keys, ring_keys, sign
from actas.audit.checkpoint import read as read_checkpoint
from actas.core.ports import JsonObject
from actas.core.wire import AT_JWT, SigningAlgorithm
from actas.crypto import jose
from actas.crypto.passwords import digest_secret
from actas.keys.kept import make_key
from actas.keys.local import AUDIT_ALGORITHM, LocalKeyRing
from actas.keys.ring import KeyRing, Purpose
from actas.store.memory import MemoryKeyStore

ISSUER = "https://sts.acme.example"
CLAIMS: JsonObject = {"iss": ISSUER, "sub": "alice", "iat": int(NOON), "exp": int(NOON) + 60}
ALGORITHMS: dict[Purpose, SigningAlgorithm] = {
    "token": "ES256",
    "id_token": "ES256",
    "grant": "ES256",
    "audit": AUDIT_ALGORITHM,
}


@pytest.fixture
async def ring() -> LocalKeyRing:
    """A ring with two algorithms for tokens, one of them the algorithm of the audit key."""
    return await LocalKeyRing.open(
        MemoryKeyStore(),
        sealer=sealer(),
        clock=FixedClock(),
        algorithm="ES256",
        used={("token", "EdDSA"), ("id_token", "ES256"), ("grant", "ES256")},
    )


def kids(jwks: JsonObject) -> set[object]:
    keys = jwks["keys"]
    assert isinstance(keys, list)
    return {jwk["kid"] for jwk in keys if isinstance(jwk, dict)}


def accepted(ring: KeyRing, token: str, *, purpose: Purpose) -> bool:
    """Whether a verifier that looks keys up by ``kid`` and purpose accepts the token."""
    jws = jose.parse(token)
    key = ring.public_key(str(jws.unverified_kid), purpose=purpose)
    if key is None:
        return False
    jose.verify(jws, key=key, types=frozenset({AT_JWT, TYPE}), issuer=ISSUER, now=NOON)
    return True


@pytest.mark.requirement("SEC-91")
@pytest.mark.parametrize("needed", ALGORITHMS)
@pytest.mark.parametrize("used", ALGORITHMS)
@pytest.mark.parametrize("typ", [AT_JWT, TYPE])
async def test_what_a_key_of_another_purpose_signed_is_refused(
    ring: LocalKeyRing, used: Purpose, needed: Purpose, typ: str
) -> None:
    token = await ring.sign(CLAIMS, typ=typ, purpose=used, algorithm=ALGORITHMS[used])
    assert accepted(ring, token.reveal(), purpose=needed) is (used == needed)


@pytest.mark.requirement("SEC-91")
async def test_what_tokens_are_verified_with_is_published_apart_from_the_audit_key(
    ring: LocalKeyRing,
) -> None:
    tokens, audit = kids(ring.published()), kids(ring.audit_keys())
    assert len(tokens) == 4
    assert len(audit) == 1
    assert not tokens & audit
    infos = ring.keys()
    by_purpose = {purpose: {one.kid for one in infos if one.purpose == purpose} for purpose in ALGORITHMS}
    assert by_purpose.pop("audit") == audit
    assert sum(map(len, by_purpose.values())) == 4
    assert set().union(*by_purpose.values()) == tokens


@pytest.mark.requirement("SEC-91", "SEC-88")
async def test_a_token_key_seals_no_checkpoint(ring: LocalKeyRing) -> None:
    genuine = await sign(Checkpoint(number=1, at="2026-09-21T13:33:20.000Z", heads={}), ring)
    claims = jose.parse(genuine.jws).unverified_claims
    forged = (await ring.sign(claims, typ=TYPE, purpose="token")).reveal()
    for keys in (ring_keys(ring), read_keys(ring.audit_keys())):
        assert read_checkpoint(genuine.jws, keys) == genuine
        with pytest.raises(BadCheckpoint):
            read_checkpoint(forged, keys)


@pytest.mark.requirement("SEC-91")
async def test_no_key_serves_a_second_purpose_even_when_its_owner_wants_it() -> None:
    store = MemoryKeyStore()
    key = make_key("token", "ES256", sealer=sealer(), at=int(NOON))
    assert await store.add(key)
    ring = await LocalKeyRing.open(store, sealer=sealer(), clock=FixedClock(), algorithm="ES256")
    assert ring.public_key(key.kid, purpose="token") is not None
    assert ring.public_key(key.kid, purpose="audit") is None
    assert key.kid not in kids(ring.audit_keys())


@pytest.mark.requirement("SEC-91")
async def test_a_digest_of_the_minutes_is_no_digest_of_a_client_secret(ring: LocalKeyRing) -> None:
    secret = "s" * 43
    minutes = ring.digest(secret)
    kept = base64.urlsafe_b64encode(digest_secret(secret, pepper=ring.secret_pepper)).decode().rstrip("=")
    assert minutes != kept
