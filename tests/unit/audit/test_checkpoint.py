"""One checkpoint: made, signed, read by somebody who has only a public key."""

from __future__ import annotations

import asyncio
import base64
from hashlib import sha256

import msgspec
import pytest
from tests.fakes.audit import AuditRing

from actas.audit.chain import GENESIS, Head
from actas.audit.checkpoint import (
    TYPE,
    BadCheckpoint,
    Checkpoint,
    document,
    is_line,
    jws_of,
    read,
    read_keys,
    ring_keys,
    sign,
    to_line,
)
from actas.core.ports import JsonObject
from actas.crypto.jose import PrivateKey
from actas.crypto.jose import sign as sign_jws

pytestmark = pytest.mark.requirement("SEC-88")

RING = AuditRing()
KEYS = ring_keys(RING)
CHECKPOINT = Checkpoint(
    number=3,
    at="2026-11-25T15:42:00.123Z",
    heads={"s2": Head(5, "ab" * 32), "s1": Head(12, "cd" * 32)},
    prev="ef" * 32,
)


async def test_what_was_signed_is_what_is_read() -> None:
    signed = await sign(CHECKPOINT, RING)
    assert read(signed.jws, KEYS) == signed
    assert signed.checkpoint == CHECKPOINT
    assert signed.kid in KEYS


async def test_its_digest_is_that_of_the_signed_text() -> None:
    signed = await sign(CHECKPOINT, RING)
    assert signed.digest == sha256(signed.jws.encode()).hexdigest()


def test_the_document_says_where_every_stream_ended() -> None:
    assert document(CHECKPOINT) == {
        "kind": "actas/Checkpoint",
        "v": 1,
        "at": "2026-11-25T15:42:00.123Z",
        "number": 3,
        "heads": {"s1": {"seq": 12, "hash": "cd" * 32}, "s2": {"seq": 5, "hash": "ab" * 32}},
        "prev": "ef" * 32,
    }


async def test_a_line_keeps_it_and_is_told_from_an_entry() -> None:
    signed = await sign(CHECKPOINT, RING)
    line = to_line(signed)
    assert line.endswith(b"\n")
    assert is_line(line)
    assert jws_of(line[:-1]) == signed.jws
    assert not is_line(b'{"v":1,"stream":"s1",')


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b'{"kind":"actas/Checkpoint","v":1}',
        b'{"kind":"actas/Checkpoint","v":2,"jws":"a"}',
        b'{"kind":"other","v":1,"jws":"a"}',
        b'{"kind":"actas/Checkpoint","v":1,"jws":"a","more":1}',
        b'{"kind":"actas/Checkpoint","v":1,"jws":"\xff"}',
    ],
)
def test_a_line_that_holds_none_is_refused(line: bytes) -> None:
    with pytest.raises(BadCheckpoint):
        jws_of(line)


@pytest.mark.requirement("SEC-91")
def test_a_checkpoint_signed_by_a_token_key_is_refused() -> None:
    jws = asyncio.run(RING.sign(document(CHECKPOINT), typ=TYPE, purpose="token")).reveal()
    with pytest.raises(BadCheckpoint, match="not among the keys given"):
        read(jws, KEYS)


@pytest.mark.requirement("SEC-91")
@pytest.mark.parametrize("typ", ["at+jwt", "JWT", "id_token+jwt"])
def test_something_else_signed_by_the_audit_key_is_no_checkpoint(typ: str) -> None:
    jws = asyncio.run(RING.sign(document(CHECKPOINT), typ=typ, purpose="audit")).reveal()
    with pytest.raises(BadCheckpoint, match="which is not a checkpoint"):
        read(jws, KEYS)


def test_another_key_with_the_same_name_does_not_pass() -> None:
    stranger = PrivateKey.generate("ES256")
    jws = sign_jws(document(CHECKPOINT), key=stranger, typ=TYPE)
    with pytest.raises(BadCheckpoint, match="does not verify"):
        read(jws, {stranger.kid: next(iter(KEYS.values()))})


def test_another_algorithm_than_the_keys_own_does_not_pass() -> None:
    stranger = PrivateKey.generate("EdDSA")
    jws = sign_jws(document(CHECKPOINT), key=stranger, typ=TYPE)
    with pytest.raises(BadCheckpoint, match="signed with EdDSA"):
        read(jws, {stranger.kid: next(iter(KEYS.values()))})


async def test_a_changed_checkpoint_is_refused() -> None:
    header, _, signature = (await sign(CHECKPOINT, RING)).jws.split(".")
    _, payload, _ = (await sign(Checkpoint(number=4, at="", heads={}, prev=GENESIS), RING)).jws.split(".")
    with pytest.raises(BadCheckpoint, match="does not verify"):
        read(f"{header}.{payload}.{signature}", KEYS)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "actas/Other"},
        {"v": 2},
        {"number": "3"},
        {"number": 0},
        {"heads": {"s1": {"seq": -1, "hash": "ab" * 32}}},
        {"heads": {"s1": {"seq": 1, "hash": "AB" * 32}}},
        {"heads": {"s1": {"seq": 1}}},
        {"more": 1},
    ],
)
def test_a_signed_document_of_another_shape_is_refused(change: JsonObject) -> None:
    jws = asyncio.run(RING.sign(document(CHECKPOINT) | change, typ=TYPE, purpose="audit")).reveal()
    with pytest.raises(BadCheckpoint):
        read(jws, KEYS)


@pytest.mark.parametrize("jws", ["", "a.b", "a.b.c", "é.a.b", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_signed_document_is_refused(jws: str) -> None:
    with pytest.raises(BadCheckpoint, match="not a signed document"):
        read(jws, KEYS)


async def test_a_jwk_set_is_enough_to_verify() -> None:
    jwks: JsonObject = {"keys": [key.jwk() for key in KEYS.values()]}
    signed = await sign(CHECKPOINT, RING)
    assert read(signed.jws, read_keys(jwks)) == signed


def test_a_set_that_is_none_or_ambiguous_is_refused() -> None:
    jwk = next(iter(KEYS.values())).jwk()
    sets: list[JsonObject] = [
        {},
        {"keys": []},
        {"keys": {}},
        {"keys": ["x"]},
        {"keys": [{"kty": "oct"}]},
        {"keys": [jwk, jwk]},
    ]
    for jwks in sets:
        with pytest.raises(ValueError, match=r"set|key"):
            read_keys(jwks)


@pytest.mark.requirement("SEC-91")
def test_only_the_audit_keys_of_the_ring_are_taken() -> None:
    assert set(KEYS) == {info.kid for info in RING.keys() if info.purpose == "audit"}  # noqa: SIM118 - a ring is no mapping


def test_the_signed_text_is_the_document_and_no_more() -> None:
    signed = asyncio.run(sign(CHECKPOINT, RING))
    payload = signed.jws.split(".")[1]
    decoded = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert decoded == document(CHECKPOINT)
