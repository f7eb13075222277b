"""What ``make bench`` measures is an exchange that is granted: a change that makes it something else is seen."""

from __future__ import annotations

from pathlib import Path

from bench.in_process import measure
from bench.raw import RawLimit


async def test_the_pipeline_can_be_measured(tmp_path: Path) -> None:
    (part,) = await measure(tmp_path, RawLimit(), rounds=1, exchanges=20, with_grown=False)
    assert part.exchanges == 20
