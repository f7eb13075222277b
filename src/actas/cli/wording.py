"""The small words of the command line: short names, durations, lists, and text made safe to print.

Pure. What a token or a server says is hostile until proven, and a terminal obeys control characters:
whatever is printed goes through ``clean`` (terminal escape injection).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

LONGEST_NAME: Final = 64
"""Characters of a name in a drawing; the rest is cut."""

# C0 and C1 controls, line separators, direction marks and overrides, zero-width characters, surrogates.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_HERE: Final = "actas:"
"""How the subjects of the people of this server begin (``core.person``)."""

_ADDRESS: Final = re.compile(r"[0-9.]+|\[.*\]")
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def clean(text: str) -> str:
    """Return ``text`` with every character that could steer a terminal spelt out."""
    return _UNSAFE.sub(_spelt, text)


def is_clean(text: str) -> bool:
    """Whether ``text`` holds nothing that could steer a terminal."""
    return _UNSAFE.search(text) is None


def _spelt(found: re.Match[str]) -> str:
    point = ord(found[0])
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def escape_json(text: str) -> str:
    """Return a JSON text with unsafe characters, which can only be inside strings, as JSON escapes."""
    return _UNSAFE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character == "\n":  # between members; inside a string it is written as two characters already
        return character
    point = ord(character)
    if point < 0x10000:
        return f"\\u{point:04x}"
    point -= 0x10000
    return f"\\u{0xD800 + (point >> 10):04x}\\u{0xDC00 + (point & 0x3FF):04x}"


def short_name(name: str) -> str:
    """Return what a party is called in a drawing: the part before ``@``, the end of an address.

    People of this server are called by what they sign in with.
    """
    if "://" in name:
        return short_target(name) if name.startswith("http") else _cut(name.rstrip("/").rpartition("/")[2])
    before, at, _ = name.partition("@")
    return _cut((before if at else name.removeprefix(_HERE)) or name)


def short_target(target: str) -> str:
    """Return what an API is called in a drawing: the first label of its host, or its name as it is."""
    host = _host(target)
    if not host:
        return _cut(target)
    name = host.rpartition(":")[0] if re.search(r":[0-9]+$", host) else host
    if name == "localhost" or _ADDRESS.fullmatch(name):
        # On one computer the host says nothing: the path does, else the port.
        return _cut(urlsplit(target).path.strip("/").rpartition("/")[2] or host)
    return _cut(name.partition(".")[0])


def short_issuer(issuer: str) -> str:
    """Return what an issuer is called in a drawing: its host, or its name as it is."""
    return _cut(_host(issuer) or issuer)


def _host(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        return ""
    try:
        return urlsplit(text).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _cut(name: str) -> str:
    shown = clean(name)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"


def duration(seconds: float) -> str:
    """Return a span in its two largest units, such as ``1 m 41 s``; ``seconds`` rounded down."""
    left = max(int(seconds), 0)
    parts: list[str] = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 s"


def listed(words: Sequence[str], *, last: str = "and") -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def width(text: str) -> int:
    """Return how many columns a terminal needs for ``text``."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, columns: int) -> str:
    """Return ``text`` followed by as many spaces as it lacks to ``columns``."""
    return text + " " * max(columns - width(text), 0)
