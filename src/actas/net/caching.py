"""For how long an answer says that it is good (RFC 9111 sections 4.2 and 5.2.2), and when it was made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Final

MOST: Final = 2**31
"""Seconds that stand for any number that is larger (RFC 9111 section 1.2.2)."""

_MAX_AGE: Final = re.compile(r'max-age\s*=\s*"?([0-9]{1,20})"?')
_SECONDS: Final = re.compile(r"[0-9]{1,20}")


def fresh_for(cache_control: Sequence[str], age: Sequence[str] = ()) -> int | None:
    """Return the seconds for which an answer is good, by its headers.

    Args:
        cache_control: the values of the header.
        age: the values of ``Age``: how long somebody else has kept it.

    Returns:
        0 when it must not be kept, or says something that cannot be understood; None when it says nothing.
    """
    directives = [one.strip().lower() for value in cache_control for one in value.split(",")]
    if any(one.partition("=")[0].strip() in ("no-store", "no-cache") for one in directives):
        return 0
    spans = [one for one in directives if one.partition("=")[0].strip() == "max-age"]
    if not spans:
        return None
    found = [_MAX_AGE.fullmatch(one) for one in spans]
    seconds = min(min(int(one[1]), MOST) if one is not None else 0 for one in found)
    return max(0, seconds - _kept_for(age))


def dated_at(date: Sequence[str], age: Sequence[str] = ()) -> float | None:
    """Return what time it was where an answer came from, seconds since the epoch.

    Args:
        date: the values of ``Date`` (RFC 9110 section 6.6.1).
        age: the values of ``Age``: how long somebody else has kept it since.

    Returns:
        None when it does not say, or not so that it can be understood.
    """
    if len(date) != 1:
        return None
    try:
        return parsedate_to_datetime(date[0]).timestamp() + _kept_for(age)
    except (ValueError, TypeError, OverflowError):
        return None


def _kept_for(age: Sequence[str]) -> int:
    return min(MOST, max((int(one) for one in age if _SECONDS.fullmatch(one)), default=0))
