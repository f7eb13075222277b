"""A value that does not print itself.

Tokens, client secrets and keys in transit are wrapped in ``Secret``. It has no ``repr``, ``str``,
``format`` or pickle that gives the value away, and it is compared in constant time.
"""

from __future__ import annotations

import hmac
from typing import NoReturn, final

__all__ = ["Secret"]


@final
class Secret:
    """A string that is revealed only by name.

    Args:
        value: the text to hide.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the hidden text. House lint lists the modules that may call this."""
        return self._value

    def shortened(self) -> str:
        """Return a form that is safe to show: the first eight and the last four characters."""
        if len(self._value) < 40:
            return "…"
        return f"{self._value[:8]}…{self._value[-4:]}"

    def __len__(self) -> int:
        return len(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"),
            other._value.encode("utf-8", "surrogatepass"),
        )

    def __hash__(self) -> int:
        return hash(("actas.Secret", self._value))

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")
