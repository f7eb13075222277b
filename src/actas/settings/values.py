"""Values of the configuration: how each is written, what is wrong with one, and its JSON Schema.

A value reads itself for pydantic and raises a whole sentence, because pydantic's own wording names
types and patterns rather than what to write instead. What depends on other values is not known here.
"""

from __future__ import annotations

import datetime as dt
import re
from abc import ABC, abstractmethod
from typing import Any, Final, NoReturn

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from actas.core.claims import is_name, parse_scope

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def wrong(sentence: str) -> NoReturn:
    """Refuse a value with a sentence for people."""
    raise PydanticCustomError("actas", "{sentence}", {"sentence": sentence})


class Word(ABC):
    """A value that is written as text. Subclasses say what may be written."""

    @abstractmethod
    def read(self, text: str) -> Any:
        """Return the value of ``text``, or refuse with ``wrong``."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Return what an editor can check (JSON Schema), beside ``type: string``."""

    def _check(self, value: object) -> Any:
        if not isinstance(value, str):
            wrong("must be text" + ("; put quotes around it" if isinstance(value, int | float) else ""))
        if not value.strip():
            wrong("is empty; give a value, or leave the field out")
        return self.read(value)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, **self.schema()}


class Pattern(Word):
    """Text that matches a pattern as a whole.

    Args:
        pattern: without anchors.
        sentence: what to say when it does not match.
    """

    def __init__(self, pattern: str, sentence: str) -> None:
        self._pattern = re.compile(pattern)
        self._sentence = sentence

    def read(self, text: str) -> str:
        if self._pattern.fullmatch(text) is None:
            wrong(self._sentence)
        return text

    def schema(self) -> dict[str, Any]:
        return {"pattern": f"^(?:{self._pattern.pattern})$"}


class Name(Pattern):
    """The name of an object of the configuration.

    Without ``:`` and ``@``, so that no client is called like a person of an issuer (SEC-24).

    Args:
        reserved: names that mean something else.
    """

    def __init__(self, *reserved: str) -> None:
        super().__init__(
            r"[a-z0-9][a-z0-9._-]{0,62}",
            "a name is made of a-z, 0-9, '.', '_' and '-', begins with a letter or digit, "
            "and is at most 63 characters long",
        )
        self._reserved = reserved

    def read(self, text: str) -> str:
        if text in self._reserved:
            wrong(f'the name "{text}" is taken: it means this server itself')
        return super().read(text)


class Label(Word):
    """A name that others give: a group, a person, an audience. Compared as a whole, never a pattern."""

    def read(self, text: str) -> str:
        if not is_name(text):
            wrong("must be at most 255 bytes long and without control characters")
        if "*" in text:
            wrong("* is not a wildcard; nothing here matches everybody. Name each one")
        return text

    def schema(self) -> dict[str, Any]:
        return {"maxLength": 255, "pattern": r"^[^*]+$"}


class Prose(Word):
    """A sentence for people.

    Args:
        most: the most characters.
    """

    def __init__(self, most: int) -> None:
        self._most = most

    def read(self, text: str) -> str:
        if len(text) > self._most:
            wrong(f"must be at most {self._most} characters long")
        return text.strip()

    def schema(self) -> dict[str, Any]:
        return {"maxLength": self._most}


class Duration(Word):
    """A span such as ``90s``, ``5m``, ``24h``, ``30d``; read as whole seconds.

    Args:
        least: the shortest, in seconds.
        most: the longest, in seconds.
    """

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def _check(self, value: object) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            wrong(f"needs a unit: {value}s, {value}m, {value}h or {value}d")
        return super()._check(value)

    def read(self, text: str) -> int:
        found = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text)
        if found is None:
            wrong("is not a duration; write a whole number and a unit, such as 90s, 5m, 24h or 30d")
        seconds = int(found[1]) * _UNITS[found[2]]
        if not self._least <= seconds <= self._most:
            wrong(f"must be between {in_words(self._least)} and {in_words(self._most)}")
        return seconds

    def schema(self) -> dict[str, Any]:
        return {"pattern": "^[1-9][0-9]{0,8}[smhd]$", "examples": [in_words(self._most)]}


def in_words(seconds: int) -> str:
    """Return a span as it is written: ``300`` is ``5m``."""
    if seconds == 0:
        return "0s"
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


class Scope(Word):
    """One scope (RFC 6749 section 3.3)."""

    def read(self, text: str) -> str:
        if len(text) > 255 or " " in text or parse_scope(text) is None:
            wrong("is not a scope: printable ASCII without spaces, quotes and backslashes (RFC 6749, 3.3)")
        return text

    def schema(self) -> dict[str, Any]:
        return {"maxLength": 255, "pattern": r"^[\x21\x23-\x5b\x5d-\x7e]+$"}


class ScopeList(Word):
    """Scopes in one text, separated by single spaces, as on the wire."""

    def read(self, text: str) -> str:
        if parse_scope(text) is None:
            wrong('is not a list of scopes separated by single spaces, such as "orders:read orders:write"')
        return text

    def schema(self) -> dict[str, Any]:
        return {"pattern": r"^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$"}


EMAIL: Final = Pattern(
    r"[^@\s:\"<>()\[\]\\,;\x00-\x1f\x7f]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,188}[a-z0-9])?",
    "is not an e-mail address such as alice@acme.example, its domain in lower case",
)
MEDIA_TYPE: Final = Pattern(
    r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}",
    'is not a value of the header "typ" in lower case, such as at+jwt; leave "application/" out',
)
VARIABLE: Final = Pattern(
    r"[A-Za-z_][A-Za-z0-9_]{0,254}", "is not the name of an environment variable, such as ORDERS_SECRET"
)
CLAIM: Final = Pattern(
    r"[A-Za-z][A-Za-z0-9_.:/-]{0,127}",
    "is not the name of a claim: letters, digits, '_', '.', ':', '/' and '-', beginning with a letter",
)


class Instant(Word):
    """A point in time, in UTC: ``2026-12-31T00:00:00Z``. Read as seconds since the epoch."""

    _FORM: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")

    def read(self, text: str) -> int:
        try:
            if self._FORM.fullmatch(text) is None:
                raise ValueError
            return int(dt.datetime.fromisoformat(text).timestamp())
        except ValueError:
            wrong('is no point in time in UTC, such as "2026-12-31T00:00:00Z"')

    def schema(self) -> dict[str, Any]:
        return {"pattern": f"^{self._FORM.pattern}$"}


class Rate(Word):
    """How often: ``50/s``, ``120/m``. Read as times in a second."""

    _FORM: Final = re.compile(r"([1-9][0-9]{0,5})/([sm])")

    def read(self, text: str) -> float:
        found = self._FORM.fullmatch(text)
        if found is None:
            wrong("is not a rate, such as 50/s or 120/m")
        return int(found[1]) / _UNITS[found[2]]

    def schema(self) -> dict[str, Any]:
        return {"pattern": f"^{self._FORM.pattern}$"}


class FilePath(Word):
    """The path of a file or folder; a relative one starts at the folder of the file it is written in."""

    def read(self, text: str) -> str:
        if len(text.encode()) > 4096 or any(len(name.encode()) > 255 for name in text.split("/")):
            wrong("is too long for a path: 4096 bytes, and 255 for each name in it")
        return text

    def schema(self) -> dict[str, Any]:
        return {"maxLength": 4096}
