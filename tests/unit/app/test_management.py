"""Policy tests that somebody brings to the management API: nobody else waits for them, and they end."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.fakes.clock import NOON, FixedClock

from actas.app import management
from actas.app.management import StoreOfRecord
from actas.app.policy_tests import run_policy_tests

NOTHING: Any = None


def store() -> StoreOfRecord:
    return StoreOfRecord(cast("Any", SimpleNamespace(clock=FixedClock(NOON))), cast("Any", None))


@pytest.mark.requirement("REL-11", "REL-21")
async def test_tokens_are_issued_while_somebodys_policy_tests_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may only read brings the rules and the tests, and could make them take minutes."""
    others = threading.Event()
    monkeypatch.setattr(management, "_tested", lambda *_, at: [{"others were served": others.wait(60)}])
    running = asyncio.create_task(store().tested(NOTHING, NOTHING))
    await asyncio.sleep(0.01)
    others.set()
    assert await running == [{"others were served": True}]


@pytest.mark.requirement("REL-11")
async def test_they_take_one_thread_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0

    def slow(*_: Any, at: float) -> list[Any]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        threading.Event().wait(0.02)
        running -= 1
        return []

    monkeypatch.setattr(management, "_tested", slow)
    kept = store()
    await asyncio.gather(*(kept.tested(NOTHING, NOTHING) for _ in range(5)))
    assert most == 1


def test_what_takes_too_long_is_not_begun_and_says_so() -> None:
    server = SimpleNamespace(issuer="https://sts.acme.example")
    definitions: Any = SimpleNamespace(
        server=server,
        clients={},
        apis={},
        issuers={},
        users={},
        documents=None,
        connections=(),
        accepted=(),
        tests=("one", "two"),
    )
    found = run_policy_tests(
        definitions, NOTHING, at=0, within=15, monotonic=iter([0.0, 15.0, 16.0]).__next__
    )
    assert [one.problems for one in found] == [("was not run: those before it took longer than 15 s",)] * 2
