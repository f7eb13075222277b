"""Pauses between looks and tries."""

from __future__ import annotations

import asyncio

from actas.core.pacing import backoff, set_within, spread


def test_looks_are_spread_around_what_they_are_on_average() -> None:
    pauses = [spread(2.0) for _ in range(500)]
    assert all(1.0 <= one <= 3.0 for one in pauses)
    assert len(set(pauses)) > 400


def test_each_failure_has_the_next_try_wait_longer_up_to_a_limit() -> None:
    for failures, most in ((1, 1.0), (2, 2.0), (5, 16.0), (9, 60.0), (10_000, 60.0)):
        waits = [backoff(failures, slowest=60.0) for _ in range(50)]
        assert all(most / 2 <= one <= most for one in waits)


async def test_what_is_set_is_not_waited_for() -> None:
    event = asyncio.Event()
    await set_within(event, 0.001)
    assert not event.is_set()
    event.set()
    await set_within(event, 3600)
