from __future__ import annotations

import pytest
from tests.fakes.clock import FixedClock

from actas.core.errors import BadToken
from actas.store.epochs import AHEAD, Epoch, MarksOfEpoch
from actas.store.memory import MemoryMarks

RESTORED = 1_790_000_000


class Revoked:
    """Knows an epoch."""

    epoch = Epoch()


def marks(revoked: Revoked) -> MarksOfEpoch:
    return MarksOfEpoch(MemoryMarks(clock=FixedClock(RESTORED)), revoked)


async def claim(marks: MarksOfEpoch, name: str, *, issued_at: int) -> bool:
    return await marks.claim(
        purpose="client_assertion",
        issuer="robot",
        token_id=name,
        issued_at=issued_at,
        expires_at=issued_at + 300,
    )


@pytest.mark.requirement("REL-28", "SEC-11")
async def test_what_was_issued_before_a_restore_counts_as_used() -> None:
    revoked = Revoked()
    kept = marks(revoked)
    assert await claim(kept, "before", issued_at=RESTORED - 100)
    revoked.epoch = Epoch(2, RESTORED, "x_restored")
    for name, issued_at in (("old", RESTORED - 100), ("ahead", RESTORED + AHEAD)):
        with pytest.raises(BadToken) as refused:
            await claim(kept, name, issued_at=issued_at)
        assert "x_restored" in refused.value.detail
    assert await claim(kept, "fresh", issued_at=RESTORED + AHEAD + 1)
    assert not await claim(kept, "fresh", issued_at=RESTORED + AHEAD + 1)


async def test_without_a_restore_only_what_was_used_is_refused() -> None:
    kept = marks(Revoked())
    assert await claim(kept, "a", issued_at=RESTORED)
    assert not await claim(kept, "a", issued_at=RESTORED)
