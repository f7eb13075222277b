"""Over real sockets: the whole way, both clients."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
from sdk.tests.conftest import Loopback
from sdk.tests.support import INVENTORY

from actas_sdk import Actas, Unreachable, Verifier, sync


async def test_a_token_is_checked_exchanged_and_checked_again(loopback: Loopback) -> None:
    alice = sign_in(loopback, "alice@acme.example")
    async with (
        Verifier(loopback.address, audience="https://orders.acme.example") as orders,
        Actas(loopback.address, client_id="orders", client_secret="s:%+ é") as actas,
        Verifier(loopback.address, audience=INVENTORY) as inventory,
    ):
        caller = await orders.check_token(alice, scopes=["orders:read"])
        token = await actas.exchange(caller, to=INVENTORY, scopes=["stock:read"])
        next_caller = await inventory.check(
            method="GET", url=INVENTORY, headers=token.headers(), scopes=["stock:read"]
        )
        assert await actas.exchange(caller, to=INVENTORY, scopes=["stock:read"]) is token

    assert next_caller.sentence == "orders may use stock:read at inventory, acting for alice."
    assert loopback.hits.count("/token") == 1
    assert loopback.server.asked[-1].client_id == "orders"


def test_the_blocking_client_goes_the_same_way(loopback: Loopback) -> None:
    alice = sign_in(loopback, "alice@acme.example")
    with (
        sync.Verifier(loopback.address, audience="https://orders.acme.example") as orders,
        sync.Actas(loopback.address, client_id="orders", client_secret="s") as actas,
    ):
        caller = orders.check_token(alice)
        token = actas.exchange(caller, to=INVENTORY, scopes=["stock:read"])
        own = actas.own_token(to=INVENTORY)

    assert token.sentence == "orders may use stock:read at inventory, acting for alice."
    assert own.sentence == "orders may call inventory."


async def test_a_client_that_was_closed_opens_again(loopback: Loopback) -> None:
    actas = Actas(loopback.address, client_id="orders", client_secret="s")
    for name in ("alice", "dana"):
        await actas.exchange(sign_in(loopback, name), to=INVENTORY)
        await actas.aclose()

    assert loopback.hits.count("/token") == 2


def test_one_client_serves_several_event_loops(loopback: Loopback) -> None:
    actas = Actas(loopback.address, client_id="orders", client_secret="s")
    with asyncio.Runner() as first, asyncio.Runner() as second:
        for runner, name in ((first, "alice"), (second, "dana"), (first, "carol")):
            runner.run(actas.exchange(sign_in(loopback, name), to=INVENTORY))
        first.run(actas.aclose())
        second.run(actas.aclose())

    assert loopback.hits.count("/token") == 3


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    actas = sync.Actas(f"http://127.0.0.1:{port}", client_id="orders", client_secret="s")

    with pytest.raises(Unreachable, match="ConnectError"):
        actas.exchange("alice-token", to=INVENTORY)


def sign_in(loopback: Loopback, name: str) -> str:
    now = int(time.time())
    return loopback.server.sign(
        {
            "iss": loopback.address,
            "aud": "https://orders.acme.example",
            "sub": name,
            "scope": "orders:read",
            "iat": now,
            "exp": now + 300,
        }
    )
