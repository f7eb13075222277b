"""What is said of one issuer's keys: to people, in refusals and in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from actas.trust.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerKeysView:
    """What people may see of one issuer's keys.

    Attributes:
        inline: whether they are written in the configuration.
        age: seconds since the last successful fetch began, or None when there was none.
        kids: the keys in use.
        problems: what was ignored in the set, and why.
        error: why the last attempt failed; empty when it did not.
        since: when the issuer began to fail, in seconds since the epoch; None when it does not.
        usable_until: when the keys in use are past their last use, in seconds since the epoch; None when
            there are none, or they are written in the configuration.
        is_open: whether nobody waits for the issuer, because it keeps failing.
        succeeded: how many attempts did, since the start.
        failed: how many did not.
    """

    issuer: str
    inline: bool
    age: float | None
    kids: tuple[str, ...]
    problems: tuple[str, ...]
    error: str
    since: float | None
    usable_until: float | None
    is_open: bool
    succeeded: int
    failed: int

    @property
    def trouble(self) -> str | None:
        """What is wrong, in a sentence for administrators; None while the last attempt succeeded."""
        if self.since is None:
            return None
        if self.usable_until is None:
            then = "its tokens are refused until it answers"
        else:
            then = f"its known keys are used until {_time(self.usable_until)}"
        return f"{self.issuer} has not answered since {_time(self.since)} ({self.error}); {then}"


def unreachable(shelf: Shelf, now: float) -> str:
    """Say which issuer's keys are not to be had, since when, and what happens next."""
    issuer, breaker = shelf.issuer, shelf.breaker
    parts = [f"the keys of {issuer.name} cannot be had: {breaker.error or 'no attempt ended'}"]
    if breaker.since is not None:
        often = "once" if breaker.failures == 1 else f"{breaker.failures} times in a row"
        parts.append(f"it has failed since {_time(breaker.since)}, {often}")
        parts.append(f"it is tried again in {shelf.next_try(now):.0f} s")
    if shelf.keys is not None:
        parts.append(f"the keys known before ended at {_time(shelf.usable_until)}, with its outage_grace")
    return "; ".join(parts)


def opened(shelf: Shelf, now: float) -> str:
    """Say that nobody waits for the issuer any more, and until when that harms none of its tokens."""
    told = f"it failed {shelf.breaker.failures} times in a row and is waited for no longer"
    if shelf.usable(now) is None:
        return f"{told}; its tokens are refused until it answers"
    return f"{told}; the keys known of it are used until {_time(shelf.usable_until)}"


def not_newer(shelf: Shelf) -> str:
    """Say, behind what is not known, that the issuer could not be asked lately; nothing when it could."""
    since = shelf.breaker.since
    return (
        ""
        if since is None
        else f"; it has not answered since {_time(since)}, so a newer key is not known yet"
    )


def view_of(name: str, shelf: Shelf, now: float) -> IssuerKeysView:
    """Return what people may see of a shelf."""
    keys = shelf.usable(now)
    return IssuerKeysView(
        issuer=name,
        inline=shelf.is_inline,
        age=now - shelf.fetched_at if shelf.succeeded else None,
        kids=() if keys is None else keys.kids,
        problems=() if keys is None else keys.problems,
        error=shelf.breaker.error,
        since=shelf.breaker.since,
        usable_until=None if keys is None or shelf.is_inline else shelf.usable_until,
        is_open=shelf.breaker.is_open,
        succeeded=shelf.succeeded,
        failed=shelf.failed,
    )


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
