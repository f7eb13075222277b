"""Keys that decrypt: of a purpose of their own, published when every node has them, and kept until nobody needs them."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.local_ring import opened
from tests.fakes.rotating import TABLE, Node, Time, kinds, pass_on
from tests.fakes.sealer import sealer

from actas.core.errors import BadToken
from actas.core.wire import ID_JAG_JWT, EncryptionAlgorithm
from actas.crypto.encryption_key import DecryptingKey, EncryptingKey
from actas.crypto.jwe import read_encrypted
from actas.crypto.signature import BadKey, WeakKey
from actas.keys.kept import KeysUnusable, make_key, take_key
from actas.keys.local import LocalKeyRing
from actas.keys.ring import KeyInfo, Purpose, Slot
from actas.store.memory import MemoryKeyStore

EC: EncryptionAlgorithm = "ECDH-ES+A256KW"
RSA: EncryptionAlgorithm = "RSA-OAEP-256"
SLOTS: tuple[Slot, ...] = (("encryption", EC), ("encryption", RSA))


def to_encrypt_to(ring: LocalKeyRing, algorithm: str = EC) -> list[dict[str, Any]]:
    """What the key set has for whoever encrypts."""
    keys: Any = ring.published()["keys"]
    return [one for one in keys if one["use"] == "enc" and one["alg"] == algorithm]


def encrypted(ring: LocalKeyRing, algorithm: str = EC) -> str:
    """A token that somebody encrypts who has read the key set now."""
    (jwk,) = to_encrypt_to(ring, algorithm)
    key = EncryptingKey.from_jwk(jwk)
    return key.encrypt("a.b.c", typ=ID_JAG_JWT, algorithm=key.algorithms[0], content="A128GCM")


async def read(ring: LocalKeyRing, token: str) -> str:
    return await ring.decrypt(read_encrypted(token, typ=ID_JAG_JWT))


@pytest.mark.requirement("JAG-153", "SEC-91")
async def test_there_is_none_unless_something_wants_one_and_it_signs_nothing_and_verifies_nothing() -> None:
    assert to_encrypt_to(await opened(MemoryKeyStore())) == []
    ring = await opened(MemoryKeyStore(), used=set(SLOTS))
    for algorithm in (EC, RSA):
        assert await read(ring, encrypted(ring, algorithm)) == "a.b.c"
        infos = ring.keys()
        (info,) = [one for one in infos if one.algorithm == algorithm]
        assert ring.public_key(info.kid, purpose="encryption") is None
        assert ring.public_key(info.kid, purpose="token") is None
        with pytest.raises(LookupError):
            await ring.sign({}, typ="JWT", purpose="encryption", algorithm=algorithm)  # type: ignore[arg-type]
    assert to_encrypt_to(await opened(MemoryKeyStore(), used=set(SLOTS)))[0].keys() == {
        *("kty", "crv", "x", "y", "kid", "alg", "use")
    }


@pytest.mark.requirement("JAG-153", "REL-05")
async def test_it_is_published_when_every_node_has_it_and_read_until_it_is_gone() -> None:
    store, clock = MemoryKeyStore(), Time()
    nodes = [await Node.start(store, clock, *SLOTS) for _ in range(2)]
    old = encrypted(nodes[0].ring)
    (first,) = to_encrypt_to(nodes[0].ring)
    await nodes[0].rotation.rotate(["encryption"], at_once=False)
    for node in nodes:
        await node.look()
        assert to_encrypt_to(node.ring) == [first], "prepared: every node has it, and nobody outside"
    changes = await pass_on(nodes, clock, TABLE.publish_ahead + 10)
    assert kinds(changes).count("activated") == 2
    (second,) = to_encrypt_to(nodes[1].ring)
    assert second["kid"] != first["kid"]
    new = encrypted(nodes[1].ring)
    for node in nodes:
        assert [await read(node.ring, one) for one in (old, new)] == ["a.b.c", "a.b.c"]
    clock.at += TABLE.keep_after
    for _ in range(3):
        for node in nodes:
            await node.look()
    for node in nodes:
        with pytest.raises(BadToken, match="no key of ours"):
            await read(node.ring, old)
        assert await read(node.ring, new) == "a.b.c"
    gone = next(one for one in (await store.read()).keys if one.kid == first["kid"])
    assert (gone.state, gone.sealed) == ("gone", b"")


@pytest.mark.requirement("JAG-153", "REL-07")
async def test_one_that_leaked_reads_nothing_from_now_on() -> None:
    clock = Time()
    node = await Node.start(MemoryKeyStore(), clock, *SLOTS)
    token = encrypted(node.ring)
    (jwk,) = to_encrypt_to(node.ring)
    await node.rotation.retire(jwk["kid"], at_once=True)
    await node.ring.refresh()
    with pytest.raises(BadToken):
        await read(node.ring, token)
    assert await read(node.ring, encrypted(node.ring)) == "a.b.c", "another took its place"


@pytest.mark.requirement("SEC-91")
def test_a_row_of_one_purpose_is_opened_as_no_other() -> None:
    one = make_key("encryption", EC, sealer=sealer(), at=1)
    assert isinstance(take_key(one, sealer=sealer()), DecryptingKey)
    others: tuple[Purpose, ...] = ("token", "grant")
    for purpose in others:
        with pytest.raises(KeysUnusable):
            take_key(replace(one, purpose=purpose), sealer=sealer())
    signs = make_key("token", "ES256", sealer=sealer(), at=1)
    with pytest.raises(KeysUnusable):
        take_key(replace(signs, purpose="encryption", algorithm=EC), sealer=sealer())


def test_it_shows_nothing_of_itself() -> None:
    key = DecryptingKey.generate(EC)
    assert key.to_bytes().hex() not in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(BadKey):
        DecryptingKey.from_bytes(b"no key")


def test_a_key_is_in_a_key_set_while_its_state_says_so() -> None:
    def info(**changes: Any) -> KeyInfo:
        return KeyInfo(**{"kid": "k", "algorithm": EC, "created_at": 1, **changes})

    states = ("prepared", "active", "retired", "gone")
    assert [info(purpose="encryption", state=one).published for one in states] == [False, True, False, False]
    assert [info(purpose="token", state=one).published for one in states] == [True, True, True, False]
    assert [info(purpose="encryption", state=one).kept for one in states] == [True, True, True, False]


@pytest.mark.requirement("SEC-17", "SEC-39", "JAG-153")
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"use": "sig"}, BadKey),
        ({"use": None}, BadKey),
        ({"kid": None}, BadKey),
        ({"kid": ""}, BadKey),
        ({"alg": "RSA1_5"}, BadKey),
        ({"alg": "RSA-OAEP"}, BadKey),
        ({"alg": "dir"}, BadKey),
        ({"alg": "ES256"}, BadKey),
        ({"key_ops": ["sign"]}, BadKey),
        ({"key_ops": "encrypt"}, BadKey),
        ({"d": "AQ"}, BadKey),
        ({"kty": "oct", "k": "AQ"}, WeakKey),
        ({"kty": "OKP", "crv": "X25519"}, BadKey),
        ({"crv": "P-521"}, WeakKey),
        ({"crv": "secp256k1"}, WeakKey),
        ({"y": "A" * 43}, WeakKey),
        ({"x": "AQ"}, BadKey),
    ],
    ids=repr,
)
def test_a_key_of_others_is_not_encrypted_to_unless_it_is_sound_and_for_that(
    change: dict[str, Any], error: type[Exception]
) -> None:
    honest = {**DecryptingKey.generate(EC).public.jwk()}
    assert EncryptingKey.from_jwk(honest).algorithms == (EC,)
    changed = {name: value for name, value in {**honest, **change}.items() if value is not None}
    with pytest.raises(error):
        EncryptingKey.from_jwk(changed)


@pytest.mark.requirement("SEC-17")
def test_a_short_rsa_key_is_not_encrypted_to() -> None:
    honest = {**DecryptingKey.generate(RSA).public.jwk()}
    assert EncryptingKey.from_jwk(honest).algorithms == (RSA,)
    with pytest.raises(WeakKey):
        EncryptingKey.from_jwk({**honest, "n": str(honest["n"])[:171] + "E"})


def test_what_a_key_is_not_for_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="not for that"):
        DecryptingKey.generate(EC).public.encrypt("a", typ="JWT", algorithm=RSA, content="A256GCM")
