"""What every ``Claims`` must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio
from itertools import product

import pytest
from tests.fakes.clock import NOON, FixedClock

from actas.store.epochs import Claims

SOON = int(NOON) + 120


async def claimed(
    marks: Claims,
    token_id: str,
    *,
    purpose: str = "client_assertion",
    issuer: str = "orders",
    at: int = SOON,
) -> bool:
    """Claim one token."""
    return await marks.claim(purpose=purpose, issuer=issuer, token_id=token_id, expires_at=at)


class MarkStoreSuite:
    """Inherit as ``Test...``, with fixtures ``clock``, ``marks`` and ``other``, another way to the same place."""

    @pytest.fixture
    def clock(self) -> FixedClock:
        return FixedClock()

    @pytest.mark.requirement("SEC-11")
    async def test_a_claim_succeeds_once(self, marks: Claims, other: Claims) -> None:
        assert await claimed(marks, "a")
        assert not await claimed(marks, "a")
        assert not await claimed(other, "a")

    @pytest.mark.requirement("SEC-11")
    async def test_of_fifty_at_once_exactly_one_succeeds(self, marks: Claims, other: Claims) -> None:
        answers = await asyncio.gather(*[claimed((marks, other)[n % 2], "a") for n in range(50)])
        assert sum(answers) == 1

    async def test_different_claims_at_once_all_succeed(self, marks: Claims, other: Claims) -> None:
        answers = await asyncio.gather(*[claimed((marks, other)[n % 2], f"t{n}") for n in range(400)])
        assert all(answers)

    @pytest.mark.requirement("SEC-12", "SEC-95")
    async def test_what_is_claimed_for_one_purpose_and_issuer_is_claimed_for_no_other(
        self, marks: Claims
    ) -> None:
        words = ("a", "ab", "b", "client_assertion", "A", "a\x00", "\x00a", "é", "e\u0301", "a|b", "a b")
        answers = await asyncio.gather(
            *[
                claimed(marks, token_id, purpose=purpose, issuer=issuer)
                for purpose, issuer, token_id in product(words, repeat=3)
            ]
        )
        assert all(answers)
        assert not await claimed(marks, "ab", purpose="a", issuer="b")

    async def test_another_end_of_the_same_token_is_no_other_token(self, marks: Claims) -> None:
        assert await claimed(marks, "a", at=SOON)
        assert not await claimed(marks, "a", at=SOON + 1)
        assert not await claimed(marks, "a", at=SOON - 1)

    @pytest.mark.requirement("SEC-19", "SEC-11")
    async def test_a_mark_lasts_as_long_as_any_clock_could_accept_the_token(
        self, marks: Claims, clock: FixedClock
    ) -> None:
        assert await claimed(marks, "a", at=SOON)
        for ahead in (120, 59, 1, 299):  # its end, the leeway, and clocks that differ
            clock.advance(ahead)
            assert await claimed(marks, f"other at {clock.now()}", at=int(clock.now()) + 60)
            assert not await claimed(marks, "a", at=SOON)

    @pytest.mark.requirement("REL-19", "SEC-11")
    async def test_a_clock_that_is_set_back_makes_no_used_token_fresh(
        self, marks: Claims, other: Claims, clock: FixedClock
    ) -> None:
        assert await claimed(marks, "a", at=SOON)
        clock.advance(100_000)
        assert await claimed(marks, "b", at=int(clock.now()) + 60)  # and with it, a's mark is removed
        clock.advance(-100_000)
        for place in (marks, other):
            with pytest.raises(Exception, match="nobody knows whether it was claimed before"):
                await claimed(place, "a", at=SOON)
        assert await claimed(marks, "c", at=SOON + 3600)

    @pytest.mark.parametrize(
        ("purpose", "issuer", "token_id", "at"),
        [
            ("", "i", "t", SOON),
            ("p", "", "t", SOON),
            ("p", "i", "", SOON),
            ("p", "i", "\ud800", SOON),
            ("p", "i", "t", 0),
            ("p", "i", "t", -1),
            ("p", "i", "t", 2**63),
        ],
    )
    async def test_a_claim_of_nothing_is_refused(
        self, marks: Claims, purpose: str, issuer: str, token_id: str, at: int
    ) -> None:
        for _ in range(2):
            with pytest.raises(ValueError, match=r"mark|surrogate"):
                await marks.claim(purpose=purpose, issuer=issuer, token_id=token_id, expires_at=at)
