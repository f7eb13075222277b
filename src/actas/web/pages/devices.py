"""What a browser calls itself, in words that its person knows it by.

Browsers name each other: nearly all of them say ``Mozilla``, ``AppleWebKit`` and ``Safari``. So the first
that is found counts, and whoever names another comes before it. Nothing is decided by it: anybody can say
anything.
"""

from __future__ import annotations

from typing import Final

_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
    ("BSD", "BSD"),
)


def device(agent: str) -> str:
    """Return what ``User-Agent`` says: ``Firefox on Linux``; a part that it does not say is left out."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), None)
    system = next((name for sign, name in _SYSTEMS if sign in agent), None)
    if browser is None and system is None:
        return "An unknown browser"
    return f"{browser or 'A browser'} on {system}" if system else f"{browser}"
