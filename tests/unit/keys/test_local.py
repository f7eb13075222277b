"""The key ring of keys in our own store."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import pickle
import threading
from collections.abc import Callable, Collection
from dataclasses import replace

import pytest
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.sealer import envelope_key, sealer

from actas.core.ports import JsonObject
from actas.core.wire import SigningAlgorithm
from actas.crypto import jose
from actas.crypto.jose import PrivateKey
from actas.crypto.seal import Sealer, place_of
from actas.keys.kept import KeysUnusable, StoredKey, StoredSecret, make_key, make_secret
from actas.keys.local import KeyStore, LocalKeyRing
from actas.keys.ring import KeyRing, Purpose
from actas.store.memory import MemoryKeyStore

CLAIMS: JsonObject = {
    "iss": "https://sts.acme.example",
    "sub": "alice",
    "iat": int(NOON),
    "exp": int(NOON) + 60,
}


async def opened(
    store: KeyStore,
    *,
    algorithm: SigningAlgorithm = "ES256",
    algorithms: Collection[SigningAlgorithm] = (),
    key: str = "ours",
    at: float = NOON,
) -> LocalKeyRing:
    return await LocalKeyRing.open(
        store, sealer=sealer(key), clock=FixedClock(at), algorithm=algorithm, algorithms=algorithms
    )


def verified(
    ring: KeyRing, token: str, *, purpose: Purpose = "token", typ: str = "at+jwt"
) -> dict[str, object]:
    jws = jose.parse(token)
    key = ring.public_key(str(jws.unverified_kid), purpose=purpose)
    assert key is not None
    return {**jose.verify(jws, key=key, types=frozenset({typ}), issuer=str(CLAIMS["iss"]), now=NOON)}


async def test_the_first_opening_makes_what_is_missing_and_says_so() -> None:
    store = MemoryKeyStore()
    ring = await opened(store, algorithms={"ES256", "EdDSA"})
    assert {(info.purpose, info.algorithm) for info in ring.created} == {
        ("token", "ES256"),
        ("token", "EdDSA"),
        ("audit", "ES256"),
    }
    assert set(ring.keys()) == set(ring.created)
    assert {(info.state, info.created_at) for info in ring.created} == {("active", int(NOON))}
    assert {secret.name for secret in await store.secrets()} == {"digest", "client_secret", "dpop_nonce"}


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
    second = await opened(store, algorithms={"EdDSA"}, at=NOON + 5)
    assert [(info.algorithm, info.created_at) for info in second.created] == [("EdDSA", int(NOON) + 5)]
    assert second.keys()[0] == second.created[0]
    assert second.keys()[1:] == first.keys()
    assert (await opened(store, algorithm="EdDSA")).created == ()


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
async def test_a_token_is_signed_by_the_active_key_of_its_algorithm(algorithm: SigningAlgorithm) -> None:
    ring = await opened(MemoryKeyStore(), algorithms={algorithm})
    token = await ring.sign(CLAIMS, typ="at+jwt", purpose="token", algorithm=algorithm)
    header = jose.parse(token.reveal()).unverified_header
    assert header["alg"] == algorithm
    assert header["typ"] == "at+jwt"
    assert verified(ring, token.reveal()) == CLAIMS
    ring.close()


async def test_without_an_algorithm_the_default_of_the_ring_signs() -> None:
    ring = await opened(MemoryKeyStore(), algorithm="EdDSA", algorithms={"ES256"})
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
    ring = await opened(MemoryKeyStore(), algorithms={"RS256"})
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
    ring = await opened(MemoryKeyStore(), algorithms={"EdDSA", "RS256"})
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
    ring = await opened(store, algorithms={"EdDSA"})
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
    rings = await asyncio.gather(*[opened(store, algorithms={"EdDSA"}) for _ in range(5)])
    assert len({ring.keys() for ring in rings}) == 1
    assert len({ring.digest("a") for ring in rings}) == 1
    assert len({ring.secret_pepper for ring in rings}) == 1
    made = [info for ring in rings for info in ring.created]
    assert len(made) == 3
    assert set(made) == set(rings[0].keys())


class Refusing(MemoryKeyStore):
    """A store that keeps nothing and does not say so."""

    async def add(self, key: StoredKey) -> bool:
        return True


async def test_a_store_that_lost_what_it_was_given_is_noticed() -> None:
    with pytest.raises(KeysUnusable, match="did not keep"):
        await opened(Refusing())


class Failing(MemoryKeyStore):
    """A store that cannot be reached."""

    async def all(self) -> list[StoredKey]:
        raise ConnectionError("gone")


@pytest.mark.requirement("REL-19")
async def test_a_store_that_fails_is_never_read_as_an_empty_one() -> None:
    store = Failing()
    with pytest.raises(ConnectionError):
        await opened(store)
    assert store._keys == {}


async def test_whoever_looks_only_makes_no_key() -> None:
    store = MemoryKeyStore()
    await opened(store)
    before = await store.all()
    ring = await LocalKeyRing.open(
        store, sealer=sealer(), clock=FixedClock(), algorithm="ES256", algorithms={"RS256"}, make=False
    )
    assert await store.all() == before
    with pytest.raises(LookupError, match="no active token key for RS256"):
        await ring.sign({}, typ="at+jwt", purpose="token", algorithm="RS256")
    ring.close()


@pytest.mark.requirement("SEC-92")
async def test_another_envelope_key_opens_nothing_and_makes_nothing() -> None:
    store = MemoryKeyStore()
    await opened(store)
    before = await store.all()
    with pytest.raises(KeysUnusable, match="another envelope key"):
        await opened(store, key="theirs", algorithms={"EdDSA"})
    assert await store.all() == before


def another_key(row: StoredKey) -> StoredKey:
    """The row keeps its name and says a key that somebody else holds is ours."""
    theirs = PrivateKey.generate("ES256").public.jwk()
    return replace(row, public_jwk=str({**theirs, "kid": row.kid}).replace("'", '"'))


def another_name(row: StoredKey) -> StoredKey:
    resealed = sealer().open(row.sealed, bound_to=place(row))
    renamed = replace(row, kid="known-to-the-attacker")
    return replace(renamed, sealed=sealer().seal(resealed, bound_to=place(renamed)))


def another_algorithm(row: StoredKey) -> StoredKey:
    return replace(row, algorithm="EdDSA")


def no_json(row: StoredKey) -> StoredKey:
    return replace(row, public_jwk="{")


def no_key(row: StoredKey) -> StoredKey:
    return replace(row, sealed=sealer().seal(b"no key", bound_to=place(row)))


def a_bit_less(row: StoredKey) -> StoredKey:
    return replace(row, sealed=row.sealed[:-1])


def place(row: StoredKey) -> str:
    return place_of(table="signing_keys", row=row.kid, purpose=row.purpose)


@pytest.mark.requirement("SEC-92", "SEC-91")
@pytest.mark.parametrize(
    "change",
    [another_key, another_name, another_algorithm, no_json, no_key, a_bit_less],
    ids=lambda case: getattr(case, "__name__", str(case)),
)
async def test_a_row_that_was_changed_stops_the_server(change: Callable[[StoredKey], StoredKey]) -> None:
    store = MemoryKeyStore()
    assert await store.add(change(make_key("token", "ES256", sealer=sealer(), at=int(NOON))))
    with pytest.raises(KeysUnusable, match="the token key"):
        await opened(store)


@pytest.mark.requirement("SEC-17")
@pytest.mark.parametrize("size", [0, 1, 16, 31])
async def test_a_short_secret_that_is_forced_into_the_store_is_refused(size: int) -> None:
    store = MemoryKeyStore()
    place = place_of(table="secrets", row="digest", purpose="digest")
    await store.add_secret(StoredSecret(name="digest", sealed=sealer().seal(b"x" * size, bound_to=place)))
    with pytest.raises(KeysUnusable, match="the digest secret has less than 32 bytes"):
        await opened(store)


@pytest.mark.requirement("SEC-17")
async def test_a_weak_signing_key_that_is_forced_into_the_store_is_refused() -> None:
    # An RSA key of 1024 bits, as PKCS#8: made once with openssl, used for nothing.
    store = MemoryKeyStore()
    row = make_key("token", "RS256", sealer=sealer(), at=int(NOON))
    weak = replace(row, sealed=sealer().seal(base64.b64decode(WEAK_RSA), bound_to=place(row)))
    assert await store.add(weak)
    with pytest.raises(KeysUnusable, match="an RSA key must have 2048"):
        await opened(store)


async def test_a_key_that_does_not_verify_what_it_signs_stops_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryKeyStore()
    await opened(store)
    for broken in (lambda *_: False, lambda *_: True):
        monkeypatch.setattr("actas.crypto.key.verifier", lambda *_, answer=broken: answer)
        with pytest.raises(KeysUnusable, match="does not verify what it signs"):
            await opened(store)


async def test_two_active_keys_for_one_use_stop_the_server() -> None:
    class Careless(MemoryKeyStore):
        async def add(self, key: StoredKey) -> bool:
            self._keys[key.kid] = key
            return True

    store = Careless()
    for _ in range(2):
        await store.add(make_key("token", "ES256", sealer=sealer(), at=int(NOON)))
    with pytest.raises(KeysUnusable, match="two token keys are active for ES256"):
        await opened(store)


async def test_a_ring_without_a_secret_is_no_ring() -> None:
    with pytest.raises(KeysUnusable, match="the client_secret secret is missing"):
        LocalKeyRing(
            [],
            store=MemoryKeyStore(),
            generation=0,
            sealer=sealer(),
            clock=FixedClock(),
            algorithm="ES256",
            secrets={"digest": b"x" * 32},
        )


@pytest.mark.requirement("SEC-93")
async def test_what_is_kept_counts_towards_what_the_envelope_key_may_seal() -> None:
    store = MemoryKeyStore()
    await opened(store)
    spent = Sealer(envelope_key(), most=5)
    await LocalKeyRing.open(store, sealer=spent, clock=FixedClock(), algorithm="ES256")
    with pytest.raises(KeysUnusable, match="has sealed 5 values: renew it"):
        await LocalKeyRing.open(store, sealer=spent, clock=FixedClock(), algorithm="EdDSA")


def test_a_secret_is_new_each_time() -> None:
    assert make_secret("digest", sealer=sealer()).sealed != make_secret("digest", sealer=sealer()).sealed


async def test_nothing_prints_what_is_sealed() -> None:
    store = MemoryKeyStore()
    ring = await opened(store)
    assert repr(ring) == "LocalKeyRing(2 keys)"
    for kept in (*(await store.all()), *(await store.secrets())):
        assert "sealed" not in repr(kept)


WEAK_RSA = (
    "MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBALp5FdOVfEnazxQtCQCb/CCR/3/Bwgjc9KjaHeJrF5OLt9KPeBEz"
    "bpaKxcEA3Llx1WDlAVJN8T6yACKMB8j5yvdn/vHM52kuLfrANmtGpF3TJcvXkVlC7CHpectJ5C7kkkR/uCVlYvRtOotk2haKky7I"
    "JeDsslDx85yLSr1hxhcHAgMBAAECgYAghCTONG7r4f/iIMhFFu4sL8lB2eOf8Aepuf8kEFCYJfD0ApiJR1KtZZ1+Pkw++h6fOs+0"
    "Lms254smewyQex5tIaseo13q5sJ+ZygPPCsHXbnU9RUdR6SRKP7w8ZdOPqfbR9Jr8LReacptbEVpBT6qtwqz3Is5kf6n9Jyha6nR"
    "gQJBAORsejPxmgVEyoUFqiz17dplEu/JtiKJgfFpS/arFlq402maTHgTZ5rHxEgH0Coj5QYRWhH6wcKkrQf26Dyq5hECQQDQ/Bqf"
    "OFWkFfbv3hXcbkqAB1wwZxSMfxnivH6YqTHaRGLYswtN5b84lCDV+GrgN7v3LxMDPRy7iMbCZVl78zOXAkEAvnUEX5MvDP2Srt9O"
    "STa1H8fuxii1yI5G3nchc4armPFKtV6GLAhh9lhifHynQLu1Fh4Zr6wZKqYL7/wbH5qPQQJBAJC3s5vEgBGzoB+09ACEY5TLA/0E"
    "tMciEQPhMe13ZO1X4/dZ7R8RVNzSPvbNIv2HuuNONuVMQYRgD/t4AYKDBJsCQQDJm7vXlx8gENUEeLlzoAGLUJ7LUoP3wbQXSvlU"
    "ApwthNryUusL97WTLMgXI4nlO4bU9yflkrPmNzXOoYsltNeK"
)
