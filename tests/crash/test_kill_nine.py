"""The server is killed at random moments under load, and no token is ever without its record (REL-01, REL-03).

Callers keep every answer that arrives whole. Afterwards what they hold is compared with what the log kept.
``ACTAS_SOAK=1`` runs for half an hour with two workers; what runs otherwise is the same in small.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fakes.load import Load, press
from tests.fakes.postgres import create_database, drop_database
from tests.fakes.server import RealServer
from tests.fakes.shared_log import run

from actas.crypto import jose

SOAK: Final = os.environ.get("ACTAS_SOAK") == "1"
SECONDS: Final = 1800.0 if SOAK else 5.0
EPOCH: Final = 60.0
"""Seconds after which everything is compared and a new log is begun: what callers hold is kept in memory."""

FEWEST: Final = 4
"""How often it is killed at least before everything is compared, on a computer however slow."""

CALLERS: Final = 16
SHORTEST, LONGEST = (2.0, 10.0) if SOAK else (0.2, 1.0)
"""Seconds of load before a kill."""


class Callers:
    """Who asks, what they sent and what they were answered.

    Attributes:
        load: their answers.
        assertions: every client assertion that was sent.
    """

    def __init__(self, server: RealServer) -> None:
        self.server = server
        self.load = Load()
        self.assertions: list[str] = []
        self._alice = server.company.id_token(exp=int(time.time() + SECONDS) + 600)

    def form(self, number: int) -> Mapping[str, Any]:
        """Return the next form: some for themselves, some for alice, some with an assertion."""
        company = self.server.company
        if number % 8 == 0:
            form = company.asserted()
            self.assertions.append(form["client_assertion"])
            return form
        return company.for_alice(self._alice) if number % 2 else company.own()

    async def until_killed(self, seconds: float) -> None:
        """Ask for so long, then kill the server in the middle of it."""
        stop = asyncio.Event()
        asking = asyncio.create_task(press(self.server, self.load, self.form, callers=CALLERS, stop=stop))
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self.server.kill9)
        stop.set()
        await asking


@pytest.mark.requirement("REL-01", "REL-03", "SEC-11", "SEC-86", "SEC-88")
@pytest.mark.timeout(0 if SOAK else 120)
@pytest.mark.parametrize("store", ["files", "database"])
def test_no_token_is_without_its_record_however_often_the_server_is_killed(
    tmp_path: Path, store: str
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance, ends = random.Random(seed), time.monotonic() + SECONDS
    kills = 0
    for epoch in itertools.count():
        left = ends - time.monotonic()
        if left <= 0:
            break
        database = run(create_database()) if store == "database" else None
        with RealServer(tmp_path / str(epoch), workers=2 if SOAK else 1, database=database) as server:
            kills += _one_epoch(server, chance, min(EPOCH, left))
        shutil.rmtree(server.folder)
        if database is not None:
            run(drop_database(database))
    assert kills >= FEWEST


def _one_epoch(server: RealServer, chance: random.Random, seconds: float) -> int:
    """Load and kill the server again and again, then compare; return how often it was killed."""
    callers, kills = Callers(server), 0
    ends = time.monotonic() + seconds
    while kills < FEWEST or time.monotonic() < ends:
        asyncio.run(callers.until_killed(chance.uniform(SHORTEST, LONGEST)))
        kills += 1
        if chance.random() < 0.3:
            _kill_while_starting(server, chance)
        server.start()
    assert server.stop() == 0, server.said
    assert "Traceback" not in server.said

    load, events = callers.load, server.events()
    print(f"{kills} kills, {len(load.tokens)} tokens, {load.statuses()}, {load.broken}")
    assert server.verdict().findings == ()
    assert load.statuses().keys() <= {200}
    assert len(load.tokens) > 20 * kills
    granted = {event["id"]: event for event in events if event.get("outcome") == "granted"}
    _nothing_is_lost(load, granted)
    unknown = _delivery_unknown(events)
    assert Counter(event["event"] for event in events)["log:recovered"] >= kills
    # What was written and did not arrive is named; what arrived may be named too, to be on the safe side.
    assert granted.keys() - load.tokens.keys() <= unknown
    assert unknown <= granted.keys()
    server.start()
    _nothing_works_twice(server, callers, granted)
    return kills


def _kill_while_starting(server: RealServer, chance: random.Random) -> None:
    server.launch()
    time.sleep(chance.uniform(0.0, 1.5))
    server.kill9()


def _nothing_is_lost(load: Load, granted: Mapping[str, Mapping[str, Any]]) -> None:
    """Every token that arrived has its record, and the record is of this very token."""
    lost = load.tokens.keys() - granted.keys()
    assert lost == set()
    for entry, token in load.tokens.items():
        claims = jose.parse(token).unverified_claims
        given = granted[entry]["given"]
        assert (given["jti"], given["exp"]) == (claims["jti"], claims["exp"])
        assert granted[entry]["client"]["name"] == claims["client_id"]
    assert len({given["given"]["jti"] for given in granted.values()}) == len(granted)


def _delivery_unknown(events: list[dict[str, Any]]) -> set[str]:
    """The entries that a recovery or a closing named."""
    return {name for event in events for name in event.get("facts", {}).get("delivery_unknown", ())}


def _nothing_works_twice(
    server: RealServer, callers: Callers, granted: Mapping[str, Mapping[str, Any]]
) -> None:
    """An assertion that brought a token before a kill brings no other after it."""
    brought = Counter(one["client"]["name"] for one in granted.values())["robot"]
    answered = 0
    for assertion in callers.assertions[-60:]:
        reply = server.post(server.company.asserted(client_assertion=assertion))
        assert reply.status in (200, 401)
        answered += reply.status == 200
    # Only those that were never seen may still be good, and each of them once.
    assert brought + answered <= len(callers.assertions)
    for assertion in callers.assertions[-60:]:
        assert server.post(server.company.asserted(client_assertion=assertion)).status == 401
