"""Encryption at rest."""

from __future__ import annotations

import base64
import pickle
from itertools import combinations, product

import pytest
from tests.fakes.sealer import envelope_key, sealer

from actas.crypto.seal import BadSealKey, SealBroken, Sealer, SealKeySpent, place_of

PLACE = place_of(table="signing_keys", row="k1", purpose="token")
SECRET = b"-----a private key-----"


@pytest.mark.requirement("SEC-92")
def test_what_was_sealed_opens_at_its_place_and_shows_nothing_of_itself() -> None:
    sealed = sealer().seal(SECRET, bound_to=PLACE)
    assert sealer().open(sealed, bound_to=PLACE) == SECRET
    assert SECRET not in sealed
    assert len(sealed) == 1 + 16 + 12 + len(SECRET) + 16


@pytest.mark.parametrize("plaintext", [b"", b"\x00", b"x" * 100_000])
def test_any_bytes_can_be_sealed(plaintext: bytes) -> None:
    assert sealer().open(sealer().seal(plaintext, bound_to=PLACE), bound_to=PLACE) == plaintext


def test_every_changed_bit_is_noticed() -> None:
    sealed = sealer().seal(SECRET, bound_to=PLACE)
    for position, bit in product(range(len(sealed)), range(8)):
        changed = bytearray(sealed)
        changed[position] ^= 1 << bit
        with pytest.raises(SealBroken):
            sealer().open(bytes(changed), bound_to=PLACE)


def test_every_cut_and_every_addition_is_noticed() -> None:
    sealed = sealer().seal(SECRET, bound_to=PLACE)
    for changed in (*(sealed[:length] for length in range(len(sealed))), sealed + b"\x00"):
        with pytest.raises(SealBroken):
            sealer().open(changed, bound_to=PLACE)


def test_a_value_of_another_envelope_key_is_refused_and_both_keys_are_named() -> None:
    sealed = sealer("theirs").seal(SECRET, bound_to=PLACE)
    with pytest.raises(SealBroken, match="another envelope key") as refused:
        sealer("ours").open(sealed, bound_to=PLACE)
    assert sealer("theirs").key_id in str(refused.value)
    assert sealer("ours").key_id in str(refused.value)


def test_the_sentence_says_what_was_changed_or_in_what_form_it_is() -> None:
    sealed = sealer().seal(SECRET, bound_to=PLACE)
    with pytest.raises(SealBroken, match=r"signing_keys.*k1.*was changed after it was sealed"):
        sealer().open(sealed[:-1] + bytes([sealed[-1] ^ 1]), bound_to=PLACE)
    with pytest.raises(SealBroken, match="a form that this release does not know"):
        sealer().open(b"\x02" + sealed[1:], bound_to=PLACE)
    with pytest.raises(SealBroken, match="too short"):
        sealer().open(b"", bound_to=PLACE)


def test_places_that_differ_anywhere_are_different_places() -> None:
    words = ("a", "b", 'a","b', "", "a,b", "ab")
    places = [place_of(table=t, row=r, purpose=p) for t, r, p in product(words, repeat=3)]
    assert len(set(places)) == len(words) ** 3


def test_nothing_is_bound_to_nothing() -> None:
    with pytest.raises(ValueError, match="bound to nothing"):
        sealer().seal(SECRET, bound_to="")
    with pytest.raises(ValueError, match="bound to nothing"):
        sealer().open(b"", bound_to="")


@pytest.mark.requirement("SEC-93")
def test_no_nonce_repeats_for_a_key_in_one_process_or_two() -> None:
    nodes = sealer(), sealer()
    sealed = [node.seal(b"", bound_to=PLACE) for node in nodes for _ in range(10_000)]
    assert len({value[17:29] for value in sealed}) == 20_000


@pytest.mark.requirement("SEC-93")
def test_a_key_refuses_to_seal_more_than_it_safely_may_and_still_opens() -> None:
    key = Sealer(envelope_key(), most=3)
    sealed = [key.seal(SECRET, bound_to=PLACE) for _ in range(3)]
    with pytest.raises(SealKeySpent, match=f"{key.key_id} has sealed 3 values: renew it"):
        key.seal(SECRET, bound_to=PLACE)
    assert [key.open(value, bound_to=PLACE) for value in sealed] == [SECRET] * 3


@pytest.mark.requirement("SEC-93")
def test_what_was_sealed_before_a_restart_counts() -> None:
    key = Sealer(envelope_key(), most=5)
    key.count_earlier(4)
    key.count_earlier(2)
    key.seal(SECRET, bound_to=PLACE)
    with pytest.raises(SealKeySpent):
        key.seal(SECRET, bound_to=PLACE)


@pytest.mark.parametrize("name", ["ours", "theirs", "third"])
def test_a_key_is_read_from_hexadecimal_and_from_base64url(name: str) -> None:
    key = envelope_key(name)
    written = (key.hex(), key.hex().upper(), base64.urlsafe_b64encode(key).decode().rstrip("="))
    for text in (*written, f"{written[0]}\n", f" {written[2]}\r\n"):
        assert Sealer.from_text(text).key_id == Sealer(key).key_id


GOOD = envelope_key().hex()


@pytest.mark.requirement("SEC-17")
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        GOOD[:-1],
        GOOD[:-2],
        GOOD + "00",
        GOOD[:32] + " " + GOOD[32:],
        base64.b64encode(envelope_key()).decode(),
        base64.urlsafe_b64encode(envelope_key()[:31]).decode().rstrip("="),
        base64.urlsafe_b64encode(envelope_key()[:16]).decode().rstrip("="),
        "ä" * 43,
        "x" * 43,
        "\ud800",
        "change-me",
    ],
)
def test_a_text_that_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadSealKey, match="openssl rand -hex 32") as refused:
        Sealer.from_text(text)
    assert len(text) < 8 or text.strip() not in str(refused.value)


@pytest.mark.requirement("SEC-17")
@pytest.mark.parametrize(
    "key",
    [
        bytes(32),
        b"\xff" * 32,
        bytes(range(32)),
        bytes(range(255, 223, -1)),
        bytes(range(0, 256, 8)),
        envelope_key()[:8] * 4,
        envelope_key()[:15] * 2 + envelope_key()[:2],
        b"correct horse battery staple 123",
        b"",
        envelope_key()[:31],
        envelope_key() + b"\x01",
    ],
)
def test_a_key_that_no_random_source_gave_is_refused(key: bytes) -> None:
    with pytest.raises(BadSealKey):
        Sealer(key)


def test_a_sealer_prints_its_key_id_and_is_not_pickled() -> None:
    key = sealer()
    assert repr(key) == f"Sealer(key_id='{key.key_id}')"
    assert envelope_key().hex() not in repr(key)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)


def test_the_key_id_is_not_a_part_of_any_key() -> None:
    ids = [Sealer(envelope_key(name)).key_id for name in "abc"]
    assert all(one != other for one, other in combinations(ids, 2))
    assert ids[0] not in envelope_key("a").hex()
