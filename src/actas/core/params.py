"""The form: one value for each parameter unless the grammar says many.

RFC 6749 section 3.2: a parameter without a value counts as omitted, an unknown one is ignored, and
one that is sent twice is an error. Only ``audience`` and ``resource`` may repeat (RFC 8693 2.1).
One parser reads every form in the product; ``;`` is never a separator (python-multipart
GHSA-6jv3-5f52-599m read it as one, and two readers of one form are a bypass).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from actas.core.errors import InvalidRequest
from actas.core.secret import Secret

MAX_FORM_BYTES: Final = 512 * 1024
MAX_FIELDS: Final = 64
REPEATABLE: Final = frozenset({"audience", "resource"})

_NO_VALUES: Final[tuple[str, ...]] = ()


class Params:
    """A parsed form.

    Args:
        values: every parameter that had a value, with its values in order.
        blank: the names of parameters that were sent without a value, for the minutes.
    """

    __slots__ = ("_values", "blank")

    def __init__(self, values: dict[str, tuple[str, ...]], blank: tuple[str, ...] = ()) -> None:
        self._values = values
        self.blank = blank

    @classmethod
    def parse(cls, body: bytes) -> Params:
        """Read an ``application/x-www-form-urlencoded`` body.

        Args:
            body: the bytes as received.

        Returns:
            The parameters that had a value.

        Raises:
            InvalidRequest: too large, too many fields, not UTF-8, a bad escape, or a parameter twice.
        """
        if len(body) > MAX_FORM_BYTES:
            raise InvalidRequest("malformed_request", detail="the form is larger than 512 KiB")
        if body.count(b"&") >= MAX_FIELDS:
            raise InvalidRequest("malformed_request", detail=f"more than {MAX_FIELDS} form fields")
        values: dict[str, tuple[str, ...]] = {}
        blank: list[str] = []
        for piece in body.split(b"&"):
            if not piece:
                continue
            raw_name, _, raw_value = piece.partition(b"=")
            name = _decode(raw_name)
            if not raw_value:
                if name in blank or (name in values and name not in REPEATABLE):
                    raise _repeated(name)
                blank.append(name)
                continue
            value = _decode(raw_value)
            known = values.get(name)
            if known is None:
                if name in blank and name not in REPEATABLE:
                    raise _repeated(name)
                values[name] = (value,)
            elif name in REPEATABLE:
                values[name] = (*known, value)
            else:
                raise _repeated(name)
        return cls(values, tuple(blank))

    def get(self, name: str) -> str | None:
        """Return the one value of ``name``, or None when it was omitted."""
        found = self._values.get(name)
        return None if found is None else found[0]

    def require(self, name: str) -> str:
        """Return the one value of ``name``.

        Raises:
            InvalidRequest: it was omitted.
        """
        found = self._values.get(name)
        if found is None:
            raise InvalidRequest("malformed_request", detail=f"the parameter {name} is missing")
        return found[0]

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a repeatable parameter, in order."""
        return self._values.get(name, _NO_VALUES)

    def secret(self, name: str) -> Secret | None:
        """Return the one value of ``name`` wrapped, or None when it was omitted."""
        found = self._values.get(name)
        return None if found is None else Secret(found[0])

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def names(self) -> frozenset[str]:
        """Return the names that had a value."""
        return frozenset(self._values)


def _repeated(name: str) -> InvalidRequest:
    return InvalidRequest("malformed_request", detail=f"the parameter {name[:64]!r} appears twice")


def _decode(raw: bytes) -> str:
    if b"%" in raw or b"+" in raw:
        # A stray or truncated escape is an error: what one reader keeps another may drop.
        for piece in raw.split(b"%")[1:]:
            if len(piece) < 2 or not _is_hex(piece[0]) or not _is_hex(piece[1]):
                raise InvalidRequest("malformed_request", detail="a percent escape is malformed")
        raw = unquote_to_bytes(raw.replace(b"+", b" "))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("malformed_request", detail="the form is not UTF-8") from None
    if "\x00" in text:
        raise InvalidRequest("malformed_request", detail="the form contains a NUL character")
    return text


def _is_hex(byte: int) -> bool:
    return 48 <= byte <= 57 or 65 <= byte <= 70 or 97 <= byte <= 102
