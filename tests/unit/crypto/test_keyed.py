from __future__ import annotations

import hmac

import pytest

from actas.crypto.keyed import keyed_digest


@pytest.mark.parametrize(
    ("key", "data", "digest"),
    [
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
    ],
)
def test_the_vectors_of_rfc_4231(key: bytes, data: bytes, digest: str) -> None:
    assert keyed_digest(data, key=key).hex() == digest


def test_what_was_digested_before_has_no_part_in_it() -> None:
    keys = [bytes([number]) * 32 for number in range(20)]
    for key in keys * 2:
        for data in (b"", b"a", b"a" * 4096):
            assert keyed_digest(data, key=key) == hmac.digest(key, data, "sha256")
