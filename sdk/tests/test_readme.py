"""The README's samples, run as they are written, against the stand-in."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from sdk.tests.support import ISSUER

from actas_sdk.testing import FakeActas

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def samples(monkeypatch: pytest.MonkeyPatch, fake_actas: FakeActas) -> dict[str, Any]:
    monkeypatch.setenv("ACTAS_ISSUER", ISSUER)
    monkeypatch.setenv("ACTAS_CLIENT_ID", "orders")
    monkeypatch.setenv("ACTAS_CLIENT_SECRET", "s")
    monkeypatch.delenv("ACTAS_CLIENT_KEY", raising=False)
    names: dict[str, Any] = {"__name__": "readme"}
    for block in re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL):
        exec(compile(block, str(README), "exec", dont_inherit=True), names)  # noqa: S102 - our own README
    fake_actas.stand_in(names["protect"], names["actas"])
    return names


def test_every_test_of_the_readme_passes(samples: dict[str, Any], fake_actas: FakeActas) -> None:
    tests = [each for name, each in samples.items() if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        test(TestClient(samples["app"]), fake_actas)
        fake_actas.allow()


async def test_the_next_service_is_called_for_the_same_person(
    samples: dict[str, Any], fake_actas: FakeActas
) -> None:
    seen: list[httpx2.Request] = []

    def inventory(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={"count": 3})

    transport = httpx2.MockTransport(inventory)
    samples["httpx2"] = SimpleNamespace(AsyncClient=partial(httpx2.AsyncClient, transport=transport))
    token = fake_actas.token("alice", via=["assistant"], scopes=["orders:read"])
    caller = await samples["protect"].verifier.check_token(token.reveal())

    assert await samples["stock"]("sku-42", caller) == 3
    assert str(seen[0].url) == "https://inventory.acme.example/stock/sku-42"
    assert fake_actas.exchanges[-1].subject == "alice"


def test_every_answer_of_the_last_sample_is_given(samples: dict[str, Any], fake_actas: FakeActas) -> None:
    client = TestClient(samples["app"])
    headers = fake_actas.token("alice", scopes=["orders:write"]).headers()

    assert client.post("/orders/7/reserve", headers=headers).json() == (
        "orders may use stock:write at inventory, acting for alice."
    )
    headers = fake_actas.token("dana", scopes=["orders:write"]).headers()
    fake_actas.refuse("expired")
    stale = client.post("/orders/7/reserve", headers=headers)
    assert (stale.status_code, stale.headers["www-authenticate"][:6]) == (401, "Bearer")
    fake_actas.go_down()
    assert client.post("/orders/7/reserve", headers=headers).status_code == 503
