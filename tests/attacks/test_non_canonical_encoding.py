"""One token, many spellings.

Base64 as libraries read it is generous: padding may be there or not, white space and unknown characters are
skipped, the last character has bits that mean nothing, and two alphabets are taken for one. So a genuine
token can be respelt without breaking its signature where the signed text is not touched, that is in the
signature part; and a server that remembers used tokens by their text lets each spelling pass once more. Seen
in CVE-2026-4282 and Keycloak #49215. Here there is one spelling, the one an encoder writes, for each part.
"""

from __future__ import annotations

import base64
from typing import Any, Final

import pytest
from tests.fakes.clock import NOON
from tests.fakes.forge import Algorithm, SigningKey, b64, forge

from actas.core.errors import BadToken
from actas.crypto.jose import PublicKey, parse, verify

ISSUER: Final = "https://idp.acme.example"
CLAIMS: Final[dict[str, Any]] = {
    "iss": ISSUER,
    "sub": "a",
    "iat": int(NOON),
    "exp": int(NOON) + 120,
    "jti": "1",
}
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
KEY: Final = SigningKey.generate("ES256", kid="k")


def accept(token: str, key: SigningKey = KEY) -> object:
    public = PublicKey.from_jwk(key.jwk(), algorithms=None)
    return verify(parse(token), key=public, types=frozenset({"jwt"}), issuer=ISSUER, now=NOON)


def genuine(part: int, *, spare_bits: int, key: SigningKey = KEY) -> list[str]:
    """The parts of a genuine token; the one asked for has that many spare bits in its last character."""
    for pad in ("", "x", "xx"):
        token = forge({**CLAIMS, "pad": pad}, key=key, headers={"x": pad})
        parts = token.split(".")
        if len(parts[part]) % 4 == {0: 0, 2: 3, 4: 2}[spare_bits]:
            return parts
    raise AssertionError("no such token")


@pytest.mark.requirement("SEC-12")
@pytest.mark.parametrize(
    "respell",
    [
        lambda text: text + "=",
        lambda text: text + "==",
        lambda text: text + "===",
        lambda text: text + "====",
        lambda text: "=" + text,
        lambda text: text + "\n",
        lambda text: text + "\r\n",
        lambda text: text + " ",
        lambda text: " " + text,
        lambda text: "\t" + text,
        lambda text: text + "\x00",
        lambda text: text[:4] + "\n" + text[4:],
        lambda text: text[:4] + " " + text[4:],
        lambda text: text[:5] + "!" + text[5:],
        lambda text: text[:8] + "%" + text[8:],
        lambda text: text[:8] + "=" + text[8:],
        lambda text: text[:8] + "\\u0041" + text[8:],
        lambda text: text + "A",
        lambda text: text + "AA",
        lambda text: text[:-1],
        lambda text: text + "\u00a0",
        lambda text: text + "\u200b",
        lambda text: "%65" + text[1:],
        lambda text: text.replace(text[3], chr(ord(text[3]) + 0xFEE0), 1),
    ],
)
@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("spare_bits", [0, 2, 4])
def test_a_respelt_part_is_refused(respell: Any, part: int, spare_bits: int) -> None:
    if part == 2 and spare_bits != 4:
        spare_bits = 4  # 64 bytes always leave four spare bits
    parts = genuine(part, spare_bits=spare_bits)
    assert accept(".".join(parts))
    parts[part] = respell(parts[part])
    with pytest.raises(BadToken) as caught:
        accept(".".join(parts))
    assert caught.value.why == "forged"


@pytest.mark.requirement("SEC-12")
@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("spare_bits", [2, 4])
def test_spare_bits_that_are_not_zero_are_refused(part: int, spare_bits: int) -> None:
    if part == 2 and spare_bits != 4:
        spare_bits = 4
    parts = genuine(part, spare_bits=spare_bits)
    text, last = parts[part][:-1], ALPHABET.index(parts[part][-1])
    for flipped in range(1, 1 << spare_bits):
        parts[part] = text + ALPHABET[last ^ flipped]
        lax = base64.urlsafe_b64decode(parts[part] + "==")
        assert b64(lax) == text + ALPHABET[last]  # a generous decoder sees the same bytes
        with pytest.raises(BadToken, match="canonical"):
            accept(".".join(parts))


@pytest.mark.requirement("SEC-12")
@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA", "ES384"])
def test_the_other_alphabet_is_refused(algorithm: Algorithm) -> None:
    key = SigningKey.generate(algorithm)
    for number in range(50):
        token = forge({**CLAIMS, "n": number, "text": "\u00ff\u00fe?>~"}, key=key)
        if not {"-", "_"} & set(token):
            continue
        assert accept(token, key)
        with pytest.raises(BadToken):
            accept(token.replace("-", "+").replace("_", "/"), key)


@pytest.mark.requirement("SEC-12")
def test_white_space_around_a_token_and_a_scheme_in_front_of_it_are_refused() -> None:
    token = forge(CLAIMS, key=KEY)
    for text in (f" {token}", f"{token}\n", f"\ufeff{token}", f"Bearer {token}", f'"{token}"', f"{token};"):
        with pytest.raises(BadToken):
            accept(text)


@pytest.mark.requirement("SEC-12")
def test_the_other_signature_of_the_same_numbers_does_not_change_what_the_token_is() -> None:
    """ECDSA signatures have a twin (r, n-s) that also verifies; a replay key must come from the claims."""
    token = forge(CLAIMS, key=KEY)
    data, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    twin = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    assert accept(f"{data}.{b64(twin)}") == accept(token) == CLAIMS
