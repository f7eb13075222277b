"""A store of keys that fails, forgets, was changed or holds what cannot be right stops the server."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.local_ring import opened
from tests.fakes.sealer import sealer

from actas.crypto.jose import PrivateKey
from actas.crypto.seal import place_of
from actas.keys.kept import KeysUnusable, StoredKey, StoredSecret, make_key
from actas.keys.local import LocalKeyRing
from actas.store.memory import MemoryKeyStore


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
        store, sealer=sealer(), clock=FixedClock(), algorithm="ES256", used={("token", "RS256")}, make=False
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
        await opened(store, key="theirs", used={("token", "EdDSA")})
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
