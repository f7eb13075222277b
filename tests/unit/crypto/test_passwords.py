"""Client secrets."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from actas.crypto import passwords
from actas.crypto.passwords import digest_secret, generate_secret, secret_matches

PEPPER = bytes(range(32))


def test_a_secret_matches_its_digest_and_no_other() -> None:
    digests = [digest_secret(secret, pepper=PEPPER) for secret in ("old", "new")]
    assert secret_matches("old", digests, PEPPER)
    assert secret_matches("new", digests, PEPPER)
    assert not secret_matches("newer", digests, PEPPER)
    assert not secret_matches("", digests, PEPPER)


def test_the_digest_is_an_hmac_of_the_utf8_bytes() -> None:
    assert digest_secret("é", pepper=PEPPER) == hmac.new(PEPPER, "é".encode(), hashlib.sha256).digest()
    assert digest_secret("é", pepper=PEPPER) != digest_secret("é", pepper=PEPPER[::-1])


@pytest.mark.requirement("SEC-13")
@pytest.mark.parametrize("secret", ["", "é" * 100, "\ud800", "\x00", "x" * 1_000_000, "\U0010ffff"])
def test_any_text_can_be_presented_and_is_simply_wrong(secret: str) -> None:
    assert not secret_matches(secret, [digest_secret("right", pepper=PEPPER)], PEPPER)
    assert not secret_matches(secret, [], PEPPER)
    assert secret_matches(secret, [digest_secret(secret, pepper=PEPPER)], PEPPER)


class Counting:
    """Stands in for ``hmac``, counting how often bytes are compared."""

    digest = staticmethod(hmac.digest)

    def __init__(self) -> None:
        self.compared = 0

    def compare_digest(self, one: bytes, other: bytes) -> bool:
        self.compared += 1
        return hmac.compare_digest(one, other)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counter = Counting()
    monkeypatch.setattr(passwords, "hmac", counter)
    return counter


@pytest.mark.requirement("SEC-13")
def test_an_unknown_client_costs_what_a_wrong_secret_costs(counting: Counting) -> None:
    assert not secret_matches("x", [], PEPPER)
    assert counting.compared == 1
    assert not secret_matches("x", [bytes(32)], PEPPER)
    assert counting.compared == 2


@pytest.mark.requirement("SEC-13")
def test_every_digest_is_compared_whichever_matches(counting: Counting) -> None:
    digests = [digest_secret(secret, pepper=PEPPER) for secret in ("a", "b", "c")]
    for number, secret in enumerate(("a", "b", "c", "d"), start=1):
        assert secret_matches(secret, digests, PEPPER) is (secret != "d")
        assert counting.compared == 3 * number


@pytest.mark.requirement("SEC-13")
def test_nothing_matches_the_digest_that_stands_in_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_NOBODY", (digest_secret("nobody", pepper=PEPPER),))
    assert not secret_matches("nobody", (), PEPPER)


@pytest.mark.requirement("SEC-13")
def test_generated_secrets_have_256_bits_and_are_never_the_same() -> None:
    found = {generate_secret() for _ in range(100)}
    assert len(found) == 100
    assert {len(secret) for secret in found} == {43}


@pytest.mark.requirement("SEC-17")
@pytest.mark.parametrize("pepper", [b"", b"short", bytes(31)])
def test_a_digest_is_never_made_with_an_empty_or_short_key(pepper: bytes) -> None:
    with pytest.raises(ValueError, match="pepper"):
        digest_secret("secret", pepper=pepper)
    with pytest.raises(ValueError, match="pepper"):
        secret_matches("secret", [], pepper)
