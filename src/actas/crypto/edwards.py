"""Whether 32 bytes are a usable Ed25519 public key.

The primitives take any 32 bytes. A point of small order is a key for which anybody can make signatures
that verify for every message, so such points, and bytes that are no point at all, are refused when a key
is read (SEC-17). Signing and verifying stay with the primitives; this is arithmetic on public values only.
"""

from __future__ import annotations

from typing import Final

_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_ONE: Final = pow(2, (_P - 1) // 4, _P)


def is_usable_point(encoded: bytes) -> bool:
    """Whether ``encoded`` is the canonical encoding of a point on the curve that is not of small order.

    Follows RFC 8032 section 5.1.3, then multiplies by the cofactor 8 and looks for the neutral element. The
    points with two spellings of their sign (x is zero) are of small order, so they need no rule of their own.
    """
    if len(encoded) != 32:
        return False
    number = int.from_bytes(encoded, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= _P:
        return False
    x = _recover_x(y, sign)
    if x is None:
        return False
    for _ in range(3):
        x, y = _double(x, y)
    return (x, y) != (0, 1)


def _recover_x(y: int, sign: int) -> int | None:
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if v * x * x % _P != u:
        x = x * _SQRT_MINUS_ONE % _P
        if v * x * x % _P != u:
            return None
    return _P - x if x & 1 != sign else x


def _double(x: int, y: int) -> tuple[int, int]:
    cross = _D * x * x * y * y % _P
    return (
        2 * x * y * pow(1 + cross, -1, _P) % _P,
        (y * y + x * x) * pow(1 - cross, -1, _P) % _P,
    )
