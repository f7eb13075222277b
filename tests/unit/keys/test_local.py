"""The key ring of keys in our own store."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import pickle
import threading
from dataclasses import replace

import pytest
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.local_ring import opened
from tests.fakes.sealer import envelope_key, sealer

from actas.core.ports import JsonObject
from actas.core.wire import SigningAlgorithm
from actas.crypto import jose
from actas.crypto.seal import Sealer
from actas.keys.kept import KeysUnusable, make_key, make_secret
from actas.keys.local import LocalKeyRing
from actas.keys.ring import KeyRing, Purpose
from actas.store.memory import MemoryKeyStore

CLAIMS: JsonObject = {
    "iss": "https://sts.acme.example",
    "sub": "alice",
    "iat": int(NOON),
    "exp": int(NOON) + 60,
}


def verified(
    ring: KeyRing, token: str, *, purpose: Purpose = "token", typ: str = "at+jwt"
) -> dict[str, object]:
    jws = jose.parse(token)
    key = ring.public_key(str(jws.unverified_kid), purpose=purpose)
    assert key is not None
    return {**jose.verify(jws, key=key, types=frozenset({typ}), issuer=str(CLAIMS["iss"]), now=NOON)}


async def test_the_first_opening_makes_what_is_missing_and_says_so() -> None:
    store = MemoryKeyStore()
    ring = await opened(store, used={("token", "ES256"), ("token", "EdDSA")})
    assert {(info.purpose, info.algorithm) for info in ring.created} == {
        ("token", "ES256"),
        ("token", "EdDSA"),
        ("audit", "ES256"),
    }
    assert set(ring.keys()) == set(ring.created)
    assert {(info.state, info.created_at) for info in ring.created} == {("active", int(NOON))}
    assert {secret.name for secret in await store.secrets()} == {
        "digest",
        "client_secret",
        "dpop_nonce",
        "opaque",
        "password",
    }


async def test_the_next_opening_finds_it_and_makes_nothing() -> None:
    store = MemoryKeyStore()
    first = await opened(store)
    token = (await first.sign(CLAIMS, typ="at+jwt", purpose="token")).reveal()
    second = await opened(store, at=NOON + 1000)
    assert second.created == ()
    assert second.keys() == first.keys()
    assert second.published() == first.published()
    assert second.digest(token) == first.digest(token)
    assert second.secret_pepper == first.secret_pepper
    assert verified(second, token) == CLAIMS


async def test_an_algorithm_that_an_api_asks_for_later_gets_its_key_then() -> None:
    store = MemoryKeyStore()
    first = await opened(store)
    second = await opened(store, used={("token", "EdDSA")}, at=NOON + 5)
    assert [(info.algorithm, info.created_at) for info in second.created] == [("EdDSA", int(NOON) + 5)]
    assert second.keys()[0] == second.created[0]
    assert second.keys()[1:] == first.keys()
    assert (await opened(store, algorithm="EdDSA")).created == ()


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
async def test_a_token_is_signed_by_the_active_key_of_its_algorithm(algorithm: SigningAlgorithm) -> None:
    ring = await opened(MemoryKeyStore(), used={("token", algorithm)})
    token = await ring.sign(CLAIMS, typ="at+jwt", purpose="token", algorithm=algorithm)
    header = jose.parse(token.reveal()).unverified_header
    assert header["alg"] == algorithm
    assert header["typ"] == "at+jwt"
    assert verified(ring, token.reveal()) == CLAIMS
    ring.close()


async def test_without_an_algorithm_the_default_of_the_ring_signs() -> None:
    ring = await opened(MemoryKeyStore(), algorithm="EdDSA", used={("token", "ES256")})
    token = await ring.sign(CLAIMS, typ="at+jwt", purpose="token")
    assert jose.parse(token.reveal()).unverified_algorithm == "EdDSA"
    checkpoint = await ring.sign(CLAIMS, typ="actas-checkpoint+jwt", purpose="audit")
    assert jose.parse(checkpoint.reveal()).unverified_algorithm == "ES256"


async def test_there_is_no_key_for_what_nobody_asked_for() -> None:
    ring = await opened(MemoryKeyStore())
    with pytest.raises(LookupError, match="no active token key for RS256"):
        await ring.sign(CLAIMS, typ="at+jwt", purpose="token", algorithm="RS256")
    with pytest.raises(LookupError, match="no active audit key for EdDSA"):
        await ring.sign(CLAIMS, typ="at+jwt", purpose="audit", algorithm="EdDSA")


async def test_rsa_signs_in_a_thread_and_the_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = await opened(MemoryKeyStore(), used={("token", "RS256")})
    where: list[str] = []

    def watched(*arguments: object, **named: object) -> str:
        where.append(threading.current_thread().name)
        return "a.b.c"

    monkeypatch.setattr("actas.keys.local.sign", watched)
    await ring.sign(CLAIMS, typ="at+jwt", purpose="token", algorithm="RS256")
    await ring.sign(CLAIMS, typ="at+jwt", purpose="token", algorithm="ES256")
    assert where[0].startswith("actas-sign")
    assert where[1] == threading.current_thread().name
    ring.close()


async def test_a_retired_key_is_published_and_verifies_but_does_not_sign() -> None:
    store = MemoryKeyStore()
    old = replace(make_key("token", "ES256", sealer=sealer(), at=1_700_000_000), state="retired")
    assert await store.add(old)
    ring = await opened(store)
    assert [info.kid for info in ring.created] != [old.kid]
    assert ring.keys()[-1] == old.info()
    assert ring.public_key(old.kid, purpose="token") is not None
    published = ring.published()["keys"]
    assert isinstance(published, list)
    assert len(published) == 2
    token = await ring.sign(CLAIMS, typ="at+jwt", purpose="token")
    assert jose.parse(token.reveal()).unverified_kid != old.kid


@pytest.mark.requirement("SEC-92")
async def test_published_keys_have_public_members_only() -> None:
    ring = await opened(MemoryKeyStore(), used={("token", "EdDSA"), ("token", "RS256")})
    published, audit = ring.published()["keys"], ring.audit_keys()["keys"]
    assert isinstance(published, list)
    assert isinstance(audit, list)
    assert len(published) == 3
    assert len(audit) == 1
    for jwk in (*published, *audit):
        assert isinstance(jwk, dict)
        assert set(jwk) <= {"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"}


async def test_what_is_published_cannot_be_changed_by_who_got_it() -> None:
    ring = await opened(MemoryKeyStore())
    before = ring.published()
    ring.published().clear()
    handed = ring.published()["keys"]
    assert isinstance(handed, list)
    handed.clear()
    assert ring.published() == before


@pytest.mark.requirement("SEC-92")
async def test_the_store_never_sees_a_private_key_or_a_secret() -> None:
    store = MemoryKeyStore()
    ring = await opened(store, used={("token", "EdDSA")})
    kept = pickle.dumps((await store.all(), await store.secrets()))
    for held in ring._faces.held:
        assert held.key is not None
        der = held.key.to_bytes()
        assert der not in kept
        assert der[-32:] not in kept
    assert ring.secret_pepper not in kept
    assert ring._digest_key not in kept


@pytest.mark.requirement("SEC-87")
async def test_a_digest_is_a_keyed_hash_that_an_auditor_can_compute_again() -> None:
    ring = await opened(MemoryKeyStore())
    expected = hmac.new(ring._digest_key, b"a.b.c", hashlib.sha256).digest()
    assert ring.digest("a.b.c") == base64.urlsafe_b64encode(expected).decode().rstrip("=")
    assert len(ring.digest("")) == 43
    assert len({ring.digest(text) for text in ("", "a", "a.", "\ud800", "\ud801", "é", "e\u0301")}) == 7


async def test_two_rings_of_two_stores_have_nothing_in_common() -> None:
    one, other = await opened(MemoryKeyStore()), await opened(MemoryKeyStore())
    assert not {info.kid for info in one.created} & {info.kid for info in other.created}
    assert one.digest("a") != other.digest("a")
    assert one.secret_pepper != other.secret_pepper


async def test_nodes_that_start_at_once_agree_on_one_key_for_each_purpose() -> None:
    store = MemoryKeyStore()
    rings = await asyncio.gather(*[opened(store, used={("token", "EdDSA")}) for _ in range(5)])
    assert len({ring.keys() for ring in rings}) == 1
    assert len({ring.digest("a") for ring in rings}) == 1
    assert len({ring.secret_pepper for ring in rings}) == 1
    made = [info for ring in rings for info in ring.created]
    assert len(made) == 3
    assert set(made) == set(rings[0].keys())


@pytest.mark.requirement("SEC-93")
async def test_what_is_kept_counts_towards_what_the_envelope_key_may_seal() -> None:
    store = MemoryKeyStore()
    await opened(store)
    spent = Sealer(envelope_key(), most=7)
    await LocalKeyRing.open(store, sealer=spent, clock=FixedClock(), algorithm="ES256")
    with pytest.raises(KeysUnusable, match="has sealed 7 values: renew it"):
        await LocalKeyRing.open(store, sealer=spent, clock=FixedClock(), algorithm="EdDSA")


def test_a_secret_is_new_each_time() -> None:
    assert make_secret("digest", sealer=sealer()).sealed != make_secret("digest", sealer=sealer()).sealed


async def test_nothing_prints_what_is_sealed() -> None:
    store = MemoryKeyStore()
    ring = await opened(store)
    assert repr(ring) == "LocalKeyRing(2 keys)"
    for kept in (*(await store.all()), *(await store.secrets())):
        assert "sealed" not in repr(kept)


def test_no_key_is_called_like_an_option() -> None:
    made = [make_key("token", "EdDSA", sealer=sealer(), at=1).kid for _ in range(1000)]
    assert not any(kid.startswith("-") for kid in made)
