"""APIs that check tokens by themselves and follow what is revoked refuse a revoked one within the bound.

Two nodes on one database, and two verifiers of the SDK: a blocking one that follows the first node, and an
async one that follows the second.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.fakes.served import INVENTORY, ORDERS
from tests.fakes.server import SPREAD, RealServer, until
from tests.fakes.wire import FORM, ask, encoded

from actas.core.wire import ACCESS_TOKEN, TOKEN_EXCHANGE
from actas_sdk import InvalidToken, Unreachable, Verifier, sync


class To(httpx2.AsyncHTTPTransport):
    """Leads whatever is sent to one node, as a balancer does."""

    def __init__(self, node: RealServer) -> None:
        super().__init__()
        self.port = node.port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(port=self.port)
        return await super().handle_async_request(request)


def following(server: RealServer, audience: str, *, who: str = "orders", **more: Any) -> dict[str, Any]:
    """The arguments of a verifier that follows."""
    secret = server.company.secrets[who]
    return {
        "issuer": server.company.issuer,
        "audience": audience,
        "revocation": True,
        "client_id": who,
        "client_secret": secret,
        **more,
    }


def child_of(server: RealServer, token: str) -> str:
    return server.token(
        {
            "grant_type": TOKEN_EXCHANGE,
            "client_id": "orders",
            "client_secret": server.company.secrets["orders"],
            "subject_token": token,
            "subject_token_type": ACCESS_TOKEN,
            "audience": "inventory",
        }
    )


def revoke(server: RealServer, token: str) -> None:
    form = {"client_id": "assistant", "client_secret": server.company.secrets["assistant"], "token": token}
    assert (
        ask(server.port, "POST", "/revoke", headers={"Content-Type": FORM}, body=encoded(form)).status == 200
    )


def outcome(check: Callable[[], object]) -> str:
    try:
        check()
    except (InvalidToken, Unreachable) as no:
        return type(no).__name__
    return "taken"


@pytest.mark.requirement("REL-21", "SEC-23")
async def test_two_verifiers_refuse_it_and_its_child_within_the_bound(
    nodes: tuple[RealServer, RealServer],
) -> None:
    first, second = nodes
    parent, other = (first.token(first.company.for_alice()) for _ in range(2))
    child = child_of(second, parent)
    async with (
        httpx2.AsyncClient(transport=To(second)) as through,
        Verifier(**following(first, INVENTORY, http=through)) as inventory,
    ):
        with sync.Verifier(**following(first, ORDERS)) as orders:
            orders.check_token(parent)
            await inventory.check_token(child)
            revoke(first, parent)
            revoked_at = time.monotonic()
            while time.monotonic() - revoked_at <= SPREAD:
                seen = [outcome(lambda: orders.check_token(parent))]
                try:
                    await inventory.check_token(child)
                except InvalidToken:
                    seen.append("InvalidToken")
                if seen == ["InvalidToken", "InvalidToken"]:
                    break
                await asyncio.sleep(0.1)
            assert seen == ["InvalidToken", "InvalidToken"], "after the bound one of them still took it"
            assert outcome(lambda: orders.check_token(other)) == "taken"


@pytest.mark.requirement("REL-21")
def test_one_that_begins_later_refuses_what_was_revoked_before(nodes: tuple[RealServer, RealServer]) -> None:
    first, _ = nodes
    token = first.token(first.company.for_alice())
    revoke(first, token)
    with sync.Verifier(**following(first, ORDERS)) as orders, pytest.raises(InvalidToken, match="revoked"):
        orders.check_token(token)


@pytest.mark.requirement("REL-21")
def test_a_server_that_does_not_answer_lets_nobody_in_and_is_followed_again(tmp_path: Path) -> None:
    with RealServer(tmp_path) as server:
        token = server.token(server.company.for_alice())
        with sync.Verifier(**following(server, ORDERS, revocation_within=2)) as orders:
            assert outcome(lambda: orders.check_token(token)) == "taken"
            server.signal(signal.SIGSTOP)
            try:
                until(lambda: outcome(lambda: orders.check_token(token)) == "Unreachable")
                with pytest.raises(
                    Unreachable, match=r"revoked is not known: read last .* and 2 s is the bound"
                ):
                    orders.check_token(token)
            finally:
                server.signal(signal.SIGCONT)
            until(lambda: outcome(lambda: orders.check_token(token)) == "taken")


def test_a_client_that_proves_nothing_learns_nothing_and_lets_nobody_in(
    nodes: tuple[RealServer, RealServer],
) -> None:
    first, _ = nodes
    token = first.token(first.company.for_alice())
    wrong = following(first, ORDERS) | {"client_secret": "a guess"}
    with (
        sync.Verifier(**wrong) as orders,
        pytest.raises(Unreachable, match="invalid_client"),
    ):
        orders.check_token(token)
