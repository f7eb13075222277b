"""The soak of ``make soak`` in small: every fault of it, under load, and nothing is lost (REL-33)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import pytest
from bench.soak import Plan, soak
from bench.soak_load import GRANTED
from bench.soak_report import page

SECONDS: Final = 40.0

RATE: Final = 30.0
"""Requests a second: the computer is busy with other tests too."""


@pytest.mark.requirement("REL-33", "REL-01", "REL-05", "REL-09", "REL-20", "REL-25")
@pytest.mark.timeout(300)
def test_two_nodes_under_load_and_faults_lose_nothing(tmp_path: Path) -> None:
    outcome = asyncio.run(soak(Plan(seconds=SECONDS, rate=RATE), tmp_path))
    report = page(outcome)
    print(report)
    assert len(outcome.faults) == 5
    assert outcome.total[GRANTED] > 5 * SECONDS
    assert outcome.compared == outcome.total[GRANTED]
    assert outcome.unrecorded == []
    assert outcome.doubled == []
    assert outcome.checked > SECONDS
    assert outcome.unbelieved == []
    assert len(outcome.kids) == 2
    assert outcome.unexplained == {}
    assert outcome.verified
    assert outcome.tracebacks == 0
    assert outcome.lost_nothing
    assert "Nothing was lost." in report
