"""The form: one value for each parameter unless the grammar says many.

RFC 6749 section 3.2: a parameter without a value counts as omitted, an unknown one is ignored, and
one that is sent twice is an error. Only ``audience`` and ``resource`` may repeat (RFC 8693 2.1).
One parser reads every form in the product; ``;`` is never a separator (python-multipart
GHSA-6jv3-5f52-599m read it as one, and two readers of one form are a bypass).
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote_plus, unquote_to_bytes

from actas.core.errors import InvalidRequest
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, JWT, TOKEN_EXCHANGE

MAX_FORM_BYTES: Final = 512 * 1024
MAX_FIELDS: Final = 64
MAX_ESCAPES: Final = 16 * 1024
"""Percent escapes of a whole form: what the largest token needs when every byte of it is escaped. Undoing
more costs more than a request that nobody authenticated yet may cost (SEC-26)."""
REPEATABLE: Final = frozenset({"audience", "resource"})

_NO_VALUES: Final[tuple[str, ...]] = ()
_BAD_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")

# Nearly every request holds these, spelled so; undoing their escapes is a fifth of the reading of a form.
_OUR_WORDS: Final = {quote_plus(word): word for word in (TOKEN_EXCHANGE, ACCESS_TOKEN, ID_TOKEN, JWT)}


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
            InvalidRequest: too large, too many fields or escapes, not UTF-8, a bad escape, or a
                parameter twice.
        """
        if len(body) > MAX_FORM_BYTES:
            raise InvalidRequest("malformed_request", detail="the form is larger than 512 KiB")
        if body.count(b"&") >= MAX_FIELDS:
            raise InvalidRequest("malformed_request", detail=f"more than {MAX_FIELDS} form fields")
        if body.count(b"%") > MAX_ESCAPES:
            raise InvalidRequest("malformed_request", detail=f"more than {MAX_ESCAPES} percent escapes")
        values: dict[str, tuple[str, ...]] = {}
        blank: list[str] = []
        for piece in _text_of(body).split("&"):
            name, equals, value = piece.partition("=")
            if "%" in piece or "+" in piece:
                name, value = _decode(name), _decode(value)
            if value and name not in values and not blank:  # nearly every parameter
                values[name] = (value,)
                continue
            if not name and not equals:
                continue
            known = values.get(name)
            if (known is not None or name in blank) and name not in REPEATABLE:
                raise _repeated(name)
            if not value:
                blank.append(name)
                continue
            values[name] = (value,) if known is None else (*known, value)
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

    def require_secret(self, name: str) -> Secret:
        """Return the one value of ``name`` wrapped.

        Raises:
            InvalidRequest: it was omitted.
        """
        return Secret(self.require(name))

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def names(self) -> frozenset[str]:
        """Return the names that had a value."""
        return frozenset(self._values)


def decode_component(text: str) -> str:
    """Return one form-encoded value as text: for the halves of HTTP Basic, which are encoded alike.

    Raises:
        InvalidRequest: a malformed escape, a NUL, or not UTF-8.
    """
    return _decode(text)


def _repeated(name: str) -> InvalidRequest:
    return InvalidRequest("malformed_request", detail=f"the parameter {name[:64]!r} appears twice")


def _decode(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    word = _OUR_WORDS.get(text)
    if word is not None:
        return word
    # A stray or truncated escape is an error: what one reader keeps another may drop.
    if _BAD_ESCAPE.search(text) is not None:
        raise InvalidRequest("malformed_request", detail="a percent escape is malformed")
    return _text_of(unquote_to_bytes(text.replace("+", " ")))


def _text_of(raw: bytes) -> str:
    if b"\x00" in raw:
        raise InvalidRequest("malformed_request", detail="the form contains a NUL character")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("malformed_request", detail="the form is not UTF-8") from None
