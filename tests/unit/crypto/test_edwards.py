"""Points of Ed25519."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from actas.crypto.edwards import is_usable_point

P = 2**255 - 19


def encoded(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


def test_public_keys_as_they_are_made_are_usable() -> None:
    for _ in range(20):
        assert is_usable_point(Ed25519PrivateKey.generate().public_key().public_bytes_raw())


@pytest.mark.requirement("SEC-17")
@pytest.mark.parametrize(
    "point",
    [
        encoded(1),  # order 1
        encoded(P - 1),  # order 2
        encoded(0),  # order 4
        encoded(0, 1),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),  # order 8
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
    ],
)
def test_points_of_small_order_are_not_usable(point: bytes) -> None:
    assert not is_usable_point(point)


@pytest.mark.requirement("SEC-17")
@pytest.mark.parametrize(
    "point",
    [
        b"",
        bytes(31),
        bytes(33),
        encoded(2),  # not on the curve
        encoded(7),
        encoded(P),  # another spelling of 0
        encoded(P + 1),  # another spelling of 1
        encoded(2**255 - 1),
        encoded(1, 1),  # x is zero and cannot be negative
        encoded(P - 1, 1),
        b"\xff" * 32,
    ],
)
def test_bytes_that_are_no_canonical_point_are_not_usable(point: bytes) -> None:
    assert not is_usable_point(point)
