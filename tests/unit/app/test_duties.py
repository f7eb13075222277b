"""What a process does beside requests goes on whatever happens to it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Never

import pytest
from structlog.testing import capture_logs
from tests.fakes.kept_log import configured

from actas.app import assembly as putting_together
from actas.app.assembly import assembly
from actas.app.duties import begin
from actas.app.foundation import foundation


async def test_a_duty_that_fails_is_told_and_begins_again() -> None:
    begun, goes_on = list[int](), asyncio.Event()

    async def duty() -> None:
        begun.append(len(begun))
        if len(begun) < 3:
            raise KeyError("nobody expected this")
        goes_on.set()
        await asyncio.Event().wait()

    with capture_logs() as logs:
        (task,) = begin({"sweep": duty}, again=0)
        await goes_on.wait()
    assert begun == [0, 1, 2]
    assert [(one["duty"], one["log_level"]) for one in logs] == [("sweep", "error")] * 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_duty_that_has_nothing_to_do_here_ends() -> None:
    async def duty() -> None:
        return

    with capture_logs() as logs:
        (task,) = begin({"hear": duty}, again=0)
        await task
    assert logs == []


async def test_no_duty_of_a_serving_process_ends_unheard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> Never:
        raise LookupError("nobody expected this")

    monkeypatch.setattr(putting_together, "sweep_on", broken)
    with capture_logs() as logs:
        async with foundation(configured(tmp_path), dev=True, create=True) as base, assembly(base) as house:
            await asyncio.sleep(0)
            assert [task.done() for task in house._tasks if task.get_name() == "sweep"] == [False]
    assert [one["duty"] for one in logs if "begins again" in one["event"]] == ["sweep"]
