"""Taking secrets out of what is written for people: logs, traces, tracebacks (SEC-87, REL-32).

A secret is known in three ways: because it is one of those that the process was given (``known``), by the
name it stands under, and by its shape. What is removed by shape leaves a short digest, so that two mentions
of one token can still be matched; what may be short enough to be guessed leaves none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final, cast
from urllib.parse import quote, quote_plus

REMOVED: Final = "[removed]"

MOST: Final = 32 * 1024
"""Characters of one text that are written; a longer one is cut, before anything is looked for in it."""

DEEPEST: Final = 6
"""Levels of a structure that are written."""

_NAMED: Final = (
    r"(?:password|passwd|passphrase|pwd|secret|token|assertion|credentials?|cookie|authorization|api[_-]?key"
    r"|private[_-]?key|signature|proof|pepper|(?:auth|authorization|user|device)_code|dpop|SAMLResponse|SAMLRequest)"
)
"""How a name ends that stands before a secret. What stands before it is not looked for: from each place of a
text that strangers wrote, that would take as many steps as names may be long."""

_QUOTE: Final = r"\\?[\"']"
_PATTERNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    # A line or a pair of a header: everything behind the name, to the end of the line.
    (
        re.compile(
            rf"\b((?i:proxy-authorization|authorization|set-cookie|cookie|dpop){_QUOTE}?\s*(?:[:=]|(?<=[\"']),)\s*)\S[^\n]*"
        ),
        rf"\1{REMOVED}",
    ),
    # What a scheme announces, wherever it stands.
    (
        re.compile(
            r"\b((?i:bearer|basic|dpop|digest|negotiate) +)(?=[^\s]*[0-9A-Z_~+/=])[A-Za-z0-9._~+/=-]{6,}"
        ),
        rf"\1{REMOVED}",
    ),
    # The password of an address.
    (re.compile(r"(://[^\s:/@]{0,256}):[^\s]{0,1024}@"), rf"\1:{REMOVED}@"),
    # "name": "value" and 'name': 'value', as JSON and as Python write it; also ('name', b'value').
    (
        re.compile(
            rf"((?i:{_NAMED}){_QUOTE}\s*[:,]\s*b?)({_QUOTE})(?:\\[^\n]|(?!\2)[^\\\n])*(?:\2|\\?$)",
            re.MULTILINE,
        ),
        rf"\1\2{REMOVED}\2",
    ),
    # name=value, as in forms, queries, keyword arguments and connection strings.
    (
        re.compile(rf"((?i:{_NAMED})=b?)(?!\[removed)(?:\"[^\"\n]*\"?|'[^'\n]*'?|[^\s&,;)\]}}\"']+)"),
        rf"\1{REMOVED}",
    ),
    (re.compile(r"([?&]code=)[^\s&]+"), rf"\1{REMOVED}"),
    (re.compile(r"\b((?i:password|passwd|passphrase|pwd)\s*:\s+)(?!\[removed)\S+"), rf"\1{REMOVED}"),
)
_SHAPED: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)"
    r"|eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}"  # a JWT or its beginning
    r"|(?<![A-Za-z0-9_/+-])[A-Za-z0-9_/+-]{22,}={0,2}",  # anything long: judged by _replaced
    re.DOTALL,
)
_TOKEN: Final = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}|actas_[a-z]{3}_[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?",
    re.ASCII,
)
"""Tokens: JWTs, and opaque texts of ours of every kind (``core.opaque``), with what is sealed behind one."""
_SHORTEST: Final = 22
"""Characters of base64url in which 128 bits fit."""

_LONG: Final = 40
"""Characters from which anything without spaces is taken for a secret, whatever it is made of."""

_NAME: Final = re.compile(r"[a-z]+_[a-z_]+")
"""A name in code, however long: words of small letters."""

_HARMLESS: Final[Mapping[str, re.Pattern[str]]] = {
    "digest": re.compile(r"[0-9a-f]{64}"),
    "policy": re.compile(r"[0-9a-f]{16}"),
    "kid": re.compile(r"[A-Za-z0-9_-]{1,64}"),
    "replaces": re.compile(r"[A-Za-z0-9_-]{1,64}"),
    "trace_id": re.compile(r"[0-9a-f]{32}"),
    "span_id": re.compile(r"[0-9a-f]{16}"),
    "entry": re.compile(r"[0-9A-Za-z_-]{1,40}"),
}
"""Fields of our own records that look like secrets and are none, with what they look like."""

_SECRET_FIELD: Final = re.compile(rf"[\w-]{{0,40}}(?i:{_NAMED})")


class Redaction:
    """Removes secrets.

    Args:
        known: secrets that the process was given, as they are written; removed wherever they stand by
            themselves, also percent-encoded. One of fewer than four characters is not looked for: it would be
            found everywhere.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        spelt = {
            way
            for secret in known
            if len(secret) >= 4
            for way in (secret, quote(secret, safe=""), quote_plus(secret))
        }
        alternatives = "|".join(re.escape(way) for way in sorted(spelt, key=len, reverse=True))
        self._known = re.compile(rf"(?<![A-Za-z0-9])(?:{alternatives})(?![A-Za-z0-9])") if spelt else None

    def text(self, text: str) -> str:
        """Return ``text`` without anything that is a secret or shaped like one."""
        if len(text) > MOST:
            # Not in the midst of a word: half a secret would not be known again.
            kept = next(iter(text[:MOST].rsplit(maxsplit=1)), "")
            text = f"{kept} … and {len(text) - len(kept)} more characters"
        if self._known is not None:
            text = self._known.sub(REMOVED, text)
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
        return _SHAPED.sub(_replaced, text)

    def value(self, value: object, *, name: str = "", depth: int = 0) -> object:
        """Return a value of a record, without secrets: text, numbers, and lists and mappings of them.

        Args:
            name: the field it stands in; one that names a secret is removed, whatever it holds.
        """
        if value is None or isinstance(value, bool | int | float):
            return value
        if name and _SECRET_FIELD.fullmatch(name):
            return REMOVED
        if isinstance(value, bytes | bytearray):
            return f"[removed {len(value)} bytes]"
        if isinstance(value, str):
            harmless = _HARMLESS.get(name)
            return value if harmless and harmless.fullmatch(value) else self.text(value)
        if depth < DEEPEST and isinstance(value, Mapping):
            pairs = cast("Mapping[object, object]", value).items()
            return {
                self.text(str(key)): self.value(one, name=str(key), depth=depth + 1) for key, one in pairs
            }
        if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
            items = cast("Iterable[object]", value)
            return [self.value(one, name=name, depth=depth + 1) for one in items]
        return self.text(str(value))


def without_tokens(text: str) -> str:
    """Return ``text`` without tokens: JWTs, and opaque ones of ours, also codes and sessions.

    For what callers write where a name is wanted, and whoever reads the record needs to see: everything else
    stays. Somebody who mixes two parameters up sends a token there.
    """
    if "eyJ" not in text and "actas_" not in text:  # nearly always
        return text
    return _TOKEN.sub(lambda match: _digest(match.group()), text)


def without_secrets(name: str) -> str:
    """Return what stands where a name is wanted, without what chance has made.

    Somebody who mixes up which is the name and which the secret sends a secret there. A long name stays.
    """
    return _SHAPED.sub(_made_by_chance, name)


def _made_by_chance(match: re.Match[str]) -> str:
    found = match.group()
    is_secret = found.startswith(("-----", "eyJ")) or _mixed(found) or _is_hexadecimal(found)
    is_secret |= len(found) >= _LONG and found != found.lower()
    return _digest(found) if is_secret else found


def _replaced(match: re.Match[str]) -> str:
    found = match.group()
    if found.startswith(("-----", "eyJ")):
        return _digest(found)
    pieces = found.split("/")
    if len(pieces) > 1 and any(piece[1:] != piece[1:].lower() for piece in pieces):
        return _digest(found)  # base64 with slashes in it; the pieces of a path are words
    return "/".join(_digest(piece) if _is_random(piece) else piece for piece in pieces)


def _digest(secret: str) -> str:
    return f"[removed {hashlib.sha256(secret.encode()).hexdigest()[:8]}]"


def _is_random(text: str) -> bool:
    """Whether a run of letters, digits and ``_+-`` looks as if chance had made it: no name and no word."""
    if len(text) < _SHORTEST or _NAME.fullmatch(text):
        return False
    return len(text) >= _LONG or _mixed(text) or _is_hexadecimal(text)


def _mixed(text: str) -> bool:
    return (
        any("0" <= one <= "9" for one in text)
        and any("a" <= one <= "z" for one in text)
        and any("A" <= one <= "Z" for one in text)
    )


def _is_hexadecimal(text: str) -> bool:
    return len(text) >= 32 and re.fullmatch(r"[0-9a-fA-F]+", text) is not None
