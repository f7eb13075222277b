"""Spans of time in words, for people. Pure."""

from __future__ import annotations


def span(seconds: int) -> str:
    """Return a span of seconds for people: ``1 m 41 s``."""
    if seconds <= 0:
        return "0 s"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "m"), (rest, "s")]
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount)
