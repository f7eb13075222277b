"""Learning from refusals.

An attacker who tries names and secrets learns whatever differs between the refusals: that a client exists,
that it is disabled, that it uses another method, that its secret has another length. All of them get the same
answer and take the same comparison; odd secrets (empty, a megabyte, not ASCII) get it too instead of a crash
(CVE-2016-7036, CVE-2025-54999, CVE-2025-6011).
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote_plus

import pytest
from tests.fakes.door import FORM, Door
from tests.fakes.house import CLIENTS, House, client, secret_of

from actas.core.client import ClientAuth
from actas.core.wire import CLIENT_CREDENTIALS
from actas.crypto.passwords import secret_matches

ODD = ("", " ", "\u0000x", "x" * 1_000, "x" * 400_000, "päßwörd", "\U0001f511", "%", "null", "\ud7ff", "a\nb")


def form(name: str, secret: str) -> dict[str, Any]:
    return {"grant_type": str(CLIENT_CREDENTIALS), "client_id": name, "client_secret": secret}


def header(name: str, secret: str) -> list[tuple[bytes, bytes]]:
    pair = f"{quote_plus(name)}:{quote_plus(secret)}".encode()
    return [FORM, (b"authorization", b"Basic " + base64.b64encode(pair))]


@pytest.mark.requirement("SEC-13", "TX-94", "TX-93")
@pytest.mark.parametrize("how", ["header", "body"])
async def test_every_way_to_fail_looks_the_same(how: str) -> None:
    house = House()
    door = Door(house)
    seen = set()
    for name, secret in (
        ("orders", "wrong"),
        ("nobody", "wrong"),
        ("gone", secret_of("gone")),
        ("robot", "wrong"),
        ("phone", "wrong"),
        ("Orders", secret_of("orders")),
        ("orders ", secret_of("orders")),
        ("orders", secret_of("orders") + " "),
        ("orders", secret_of("orders")[:-1]),
        ("orders", secret_of("assistant")),
    ):
        if how == "header":
            grant = {"grant_type": str(CLIENT_CREDENTIALS)}
            answer = await door.post(grant, headers=header(name, secret))
        else:
            answer = await door.post(form(name, secret))
        headers = {key: value for key, value in answer.headers.items() if key != "actas-entry"}
        seen.add((answer.status, answer.body, *sorted(headers.items())))
    assert len(seen) == 1
    details = {event["detail"] for event in house.writer.events}
    assert len(details) > 3  # the minutes know the difference


@pytest.mark.requirement("SEC-13", "SEC-04")
@pytest.mark.parametrize("secret", ODD)
async def test_an_odd_secret_is_a_wrong_secret(secret: str) -> None:
    house = House()
    for name in ("orders", "nobody"):
        error = await house.turned_away(form(name, secret))
        assert error.reason in ("bad_client_auth", "malformed_request")
        assert error.reason == "bad_client_auth" or "\x00" in secret
        pair = base64.b64encode(f"{quote_plus(name)}:{quote_plus(secret)}".encode()).decode()
        error = await house.turned_away(
            {"grant_type": str(CLIENT_CREDENTIALS)}, authorization=f"Basic {pair}"
        )
        assert error.reason == "bad_client_auth"


@pytest.mark.requirement("SEC-13")
@pytest.mark.parametrize("name", ["orders", "nobody", "gone"])
async def test_a_known_an_unknown_and_a_disabled_client_are_compared_alike(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def counting(presented: str, digests: Any, *, pepper: bytes) -> bool:
        compared.append(presented)
        return secret_matches(presented, digests, pepper=pepper)

    monkeypatch.setattr("actas.clients.secret.secret_matches", counting)
    house = House()
    await house.turned_away(form(name, "wrong"))
    assert compared == ["wrong"]


@pytest.mark.requirement("SEC-13", "SEC-02")
async def test_a_client_without_any_secret_is_not_opened_by_an_empty_one() -> None:
    bare = client("bare", auth=ClientAuth(method="client_secret"))
    house = House(clients=(*CLIENTS, bare))
    for secret in ("", "x", "None"):
        assert (await house.turned_away(form("bare", secret))).reason == "bad_client_auth"
    empty = "Basic " + base64.b64encode(b"bare:").decode()
    error = await house.turned_away({"grant_type": str(CLIENT_CREDENTIALS)}, authorization=empty)
    assert error.reason == "bad_client_auth"


@pytest.mark.requirement("SEC-90", "SEC-86")
async def test_guessing_leaves_a_trace_and_does_not_fill_the_log() -> None:
    house = House()
    entries = set()
    for number in range(250):
        try:
            await house.post(form("orders", f"guess-{number}"))
        except Exception as refused:
            entries.add(getattr(refused, "reason", None))
    assert entries == {"bad_client_auth"}
    assert len(house.writer.events) == 100
    await house.minutes.write_counts(float("inf"))
    summary = house.writer.events[-1]
    assert (summary["event"], summary["counted"]) == ("exchange:refused_many", 150)
    assert summary["reasons"] == {"bad_client_auth": 150}
