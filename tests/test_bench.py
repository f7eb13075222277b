"""What ``make bench`` measures is an exchange that is granted: a change that makes it something else is seen."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import pytest
from bench.in_process import measure
from bench.raw import RawLimit
from bench.soak import Plan, Soak
from bench.soak_load import CHECK_EVERY, Load

from actas.core.ports import JsonObject
from actas.crypto.jose import sign
from actas.crypto.key import PrivateKey


async def test_the_pipeline_can_be_measured(tmp_path: Path) -> None:
    plain, proven = await measure(tmp_path, RawLimit(), rounds=1, exchanges=20, with_proofs=True)
    assert (plain.exchanges, proven.exchanges) == (20, 20)
    assert "times a bare ES256 verification" in proven.notes[0]


class Slow:
    """A verifier that takes its time."""

    async def check_token(self, _token: str) -> None:
        await asyncio.sleep(2.0)


async def test_how_long_an_answer_took_is_told_without_what_is_done_with_it() -> None:
    key = PrivateKey.generate("ES256")
    verifiers: Any = {"https://orders.acme.example": Slow()}
    load = Load(cast("Any", None), lambda _: {}, verifiers=verifiers, minute=60)

    class Connection:
        number = 0

        def write(self, _request: bytes) -> None:
            self.number += 1
            claims: JsonObject = {"jti": str(self.number), "aud": "https://orders.acme.example"}
            body = json.dumps({"access_token": sign(claims, key=key, typ="at+jwt")}).encode()
            reader.feed_data(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    reader, writer = asyncio.StreamReader(), Connection()
    for _ in range(CHECK_EVERY):
        assert not await load._one(reader, cast("Any", writer))
    load.minutes[0].close()
    assert load.checked == 1
    assert load.minutes[0].p99 < 2000


class Enough(Exception):
    """Ends a test."""


async def test_the_time_of_a_soak_begins_with_what_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was done before, such as waiting for a key, would let every fault come too early."""
    load = Load(cast("Any", None), lambda _: {}, verifiers={}, minute=60)
    nobody: Any = None
    soak = Soak(Plan(rate=5.0, seconds=10), nobody, nobody, nobody, load)
    began: list[float] = []

    async def ask(_load: Load, *, stop: asyncio.Event, rate: float | None) -> None:
        await stop.wait()

    async def one_round(_soak: Soak, _began: float) -> None:
        began.append(load.now)
        raise Enough

    async def watch(_soak: Soak) -> None:
        return

    monkeypatch.setattr(Load, "ask", ask)
    monkeypatch.setattr(Soak, "_round", one_round)
    monkeypatch.setattr(Soak, "_watch", watch)
    await asyncio.sleep(2.0)
    with pytest.raises(Enough):
        await soak.run()
    assert began[0] < 2.0
