"""How much of the reserve of a sink is used."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.fakes.clock import NOON, FixedClock

from actas.app import reserve
from actas.app.reserve import Reserve
from actas.audit.sinks import SinkState
from actas.core.errors import TemporarilyUnavailable
from actas.settings.definitions import SinkSettings

NOW = int(NOON)
HOUR = 3600
MB = 1_000_000


class Store:
    """Says of every sink what it was made with."""

    def __init__(self, state: SinkState) -> None:
        self.value = state

    async def state(self, sink: str) -> SinkState:
        return self.value


async def reserve_of(monkeypatch: pytest.MonkeyPatch, *, required: bool = True, **state: Any) -> Reserve:
    sink = SinkSettings(name="siem", format="json", required=required)
    base: Any = SimpleNamespace(
        definitions=SimpleNamespace(audit=SimpleNamespace(sinks=(sink,))), clock=FixedClock()
    )
    monkeypatch.setattr(reserve, "sink_store", lambda _: Store(SinkState(**state)))
    made = Reserve(base)
    await made.refresh()
    return made


@pytest.mark.requirement("REL-04")
@pytest.mark.parametrize(
    ("state", "used"),
    [
        pytest.param({}, 0.0, id="nothing was ever delivered, and nothing waits"),
        pytest.param({"behind_since": NOW - 99 * HOUR}, 0.0, id="a new sink of an old log, not tried yet"),
        pytest.param(
            {"behind_since": NOW - 99 * HOUR, "delivered_at": NOW - 5, "behind_bytes": 9000 * MB},
            0.0,
            id="a new sink that catches up",
        ),
        pytest.param(
            {"behind_since": NOW - 99 * HOUR, "trouble_since": NOW - 12 * HOUR},
            0.5,
            id="a new sink that never took anything",
        ),
        pytest.param({"behind_since": NOW - 60, "delivered_at": NOW - 99 * HOUR}, 0.0, id="a quiet server"),
        pytest.param(
            {"behind_since": NOW - 30 * HOUR, "delivered_at": NOW - 24 * HOUR}, 1.0, id="a day of nothing"
        ),
        pytest.param(
            {"behind_since": NOW - 24 * HOUR, "delivered_at": NOW - 99 * HOUR, "paused_by": "dana"},
            1.0,
            id="paused for a day",
        ),
        pytest.param(
            {"behind_since": NOW - HOUR, "delivered_at": NOW - HOUR, "behind_bytes": 500 * MB},
            0.5,
            id="much in an hour",
        ),
        pytest.param({"delivered_at": NOW - 99 * HOUR}, 0.0, id="it has everything"),
    ],
)
async def test_what_counts_is_how_long_it_took_nothing_of_what_waits(
    monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], used: float
) -> None:
    made = await reserve_of(monkeypatch, **state)
    assert made.used() == {("siem",): used}
    assert bool(made.warnings()) == (used >= 0.5)
    if used < 1:
        made.require()
        assert made.problem is None
    else:
        with pytest.raises(TemporarilyUnavailable, match="the sink siem took nothing"):
            made.require()


async def test_a_sink_that_is_not_required_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    made = await reserve_of(
        monkeypatch, required=False, behind_since=NOW - 99 * HOUR, delivered_at=NOW - 99 * HOUR
    )
    made.require()
    assert made.used() == {}
