"""Which passwords nobody may choose (NIST SP 800-63B section 3.1.1.2).

Long enough, and not what is tried first: no list of characters that must be in it, for that makes passwords
worse. What is tried first is the name of the person and of the product, the words that everybody takes, what
is next to each other on a keyboard, and the same again and again; each with digits and signs around it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final, Literal

from actas.crypto.password_hash import MOST_BYTES

SHORTEST: Final = 10
"""Characters of a password, at least, unless the configuration says otherwise."""

BadPasswordWhy = Literal["too_short", "too_long", "common", "personal"]
"""What is wrong with a password that somebody wants to choose."""

_PRODUCT: Final = ("actas",)
_COMMON: Final = (
    *("password", "passwort", "passw0rd", "p@ssword", "p@ssw0rd", "pa$$word", "contraseña", "motdepasse"),
    *("administrator", "administrador", "admin", "root", "superuser", "letmein", "letmeinnow", "opensesame"),
    *(
        "welcome",
        "willkommen",
        "bienvenue",
        "changeme",
        "changeit",
        "temporary",
        "default",
        "secret",
        "geheim",
    ),
    *(
        "iloveyou",
        "loveyou",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "basketball",
        "superman",
        "batman",
    ),
    *(
        "pokemon",
        "starwars",
        "dragon",
        "monkey",
        "master",
        "shadow",
        "michael",
        "jennifer",
        "jordan",
        "charlie",
    ),
    *("whatever", "trustno", "hello", "freedom", "computer", "internet", "liverpool", "chelsea", "arsenal"),
    *("spring", "summer", "autumn", "winter", "january", "february", "december", "monday", "friday", "login"),
    *(
        "access",
        "test",
        "testing",
        "guest",
        "qazwsx",
        "zaqwsx",
        "asdf",
        "zxcvbn",
        "qwerty",
        "qwertz",
        "azerty",
    ),
)
"""Words that many passwords are made of, from common knowledge."""

_ROWS: Final = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "qazwsxedcrfvtgbyhnujm",
)
"""What is next to each other."""

_LEAST_LEFT: Final = 4
"""Letters that must be left of a password without the words that are tried first."""

_LONGEST_UNIT: Final = 6
_SHORTEST_WORD: Final = 3


class BadPassword(Exception):
    """Nobody may choose this password.

    Args:
        why: what is wrong with it.
    """

    def __init__(self, why: BadPasswordWhy) -> None:
        super().__init__(why)
        self.why: BadPasswordWhy = why


def require_good(password: str, *, about: Iterable[str] = (), shortest: int = SHORTEST) -> None:
    """Return when a password may be chosen.

    Args:
        about: what is known of the person: name, display name, address.
        shortest: characters that it has at least.

    Raises:
        BadPassword: it may not.
    """
    # Before anything else: what is looked for below takes time with the length.
    if len(password.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise BadPassword("too_long")
    text = unicodedata.normalize("NFKC", password)
    if len(text) < shortest:
        raise BadPassword("too_short")
    folded = text.casefold()
    personal = _words(about)
    if _is_made_of(folded, personal):
        raise BadPassword("personal")
    if _is_made_of(folded, {*personal, *_COMMON}) or _is_repeated(folded) or _is_in_a_row(folded):
        raise BadPassword("common")


def _words(about: Iterable[str]) -> set[str]:
    """Return the words of what is known of a person, each whole and in its parts."""
    words = set(_PRODUCT)
    for one in about:
        whole = unicodedata.normalize("NFKC", one).casefold()
        parts = "".join(char if char.isalnum() else " " for char in whole).split()
        words |= {whole, "".join(parts), *parts}
    return {word for word in words if len(word) >= _SHORTEST_WORD}


def _is_made_of(folded: str, words: Iterable[str]) -> bool:
    """Return whether a password is hardly more than these words, with digits and signs around them."""
    left = folded
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, " ")
    return left != folded and sum(char.isalpha() for char in left) < _LEAST_LEFT


def _is_repeated(folded: str) -> bool:
    """Return whether a password is one short text again and again."""
    return any(
        folded == (folded[:unit] * (len(folded) // unit + 1))[: len(folded)]
        for unit in range(1, min(_LONGEST_UNIT, len(folded) // 2) + 1)
    )


def _is_in_a_row(folded: str) -> bool:
    """Return whether a password is made of at most two pieces of what is next to each other."""
    ways = [way for row in _ROWS for way in (row, row[::-1])]
    left = folded
    for _ in range(2):
        longest = max(_begun(left, way) for way in ways)
        left = left[longest:]
        if not left:
            return True
    return False


def _begun(text: str, way: str) -> int:
    """Return how many characters of a text, from its beginning, stand next to each other on a way."""
    for length in range(min(len(text), len(way)), 2, -1):
        if text[:length] in way:
            return length
    return 0
