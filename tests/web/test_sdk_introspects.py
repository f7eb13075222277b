"""The SDK takes reference tokens of a real server: by asking, with signed answers too, and no longer than they live."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.served import ORDERS
from tests.fakes.server import SPREAD, RealServer, until
from tests.fakes.wire import FORM, ask, encoded

from actas_sdk import InvalidToken, Unreachable, sync


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    changes = {"defaults": {"token": {"format": "reference"}}}
    with RealServer(tmp_path_factory.mktemp("references"), changes=changes) as running:
        yield running


def verifier(server: RealServer, *, who: str = "orders", **more: Any) -> sync.Verifier:
    return sync.Verifier(
        server.company.issuer,
        audience=ORDERS,
        client_id=who,
        client_secret=server.company.secrets[who],
        **{"introspection": True, **more},
    )


@pytest.mark.parametrize("kind", [True, "signed"])
@pytest.mark.requirement("SEC-23", "REL-21")
def test_a_reference_is_taken_until_it_is_revoked(server: RealServer, kind: Any) -> None:
    token = server.token(server.company.for_alice())
    with verifier(server, introspection=kind) as orders:
        caller = orders.check_token(token, scopes=["orders:read"])
        assert caller.sentence == "assistant may use orders:read at orders, acting for alice."
        assert caller.token.expires_at is not None
        form = {
            "client_id": "assistant",
            "client_secret": server.company.secrets["assistant"],
            "token": token,
        }
        headers = {"Content-Type": FORM}
        assert ask(server.port, "POST", "/revoke", headers=headers, body=encoded(form)).status == 200

        def refused() -> bool:
            try:
                orders.check_token(token)
            except InvalidToken:
                return True
            return False

        until(refused, limit=SPREAD)


def test_another_api_does_not_hear_of_it(server: RealServer) -> None:
    token = server.token(server.company.for_alice())
    with (
        verifier(server, who="nightly") as other,
        pytest.raises(InvalidToken, match="for nightly to know of"),
    ):
        other.check_token(token)


def test_the_bound_key_of_a_reference_is_proven_and_it_is_exchanged_on(server: RealServer) -> None:
    company = server.company
    with (
        sync.Actas(
            company.issuer, client_id="assistant", client_secret=company.secrets["assistant"], dpop=True
        ) as assistant,
        sync.Actas(company.issuer, client_id="orders", client_secret=company.secrets["orders"]) as orders,
        verifier(server) as guard,
    ):
        token = assistant.exchange(
            company.id_token(), to="orders", scopes=["orders:read"], subject_type="id_token"
        )
        assert token.scheme == "DPoP"
        caller = guard.check(method="GET", url=f"{ORDERS}/7", headers=token.headers("GET", f"{ORDERS}/7"))
        assert caller.token.scheme == "bound"
        with pytest.raises(InvalidToken, match="shown as a bearer token"):
            guard.check(
                method="GET", url=f"{ORDERS}/7", headers={"Authorization": f"Bearer {token.reveal()}"}
            )
        plain = guard.check_token(server.token(company.for_alice()))
        assert orders.exchange(plain, to="inventory", scopes=["stock:read"]).scopes == {"stock:read"}


def test_a_server_that_does_not_answer_lets_nobody_in(tmp_path: Path) -> None:
    with RealServer(tmp_path, changes={"defaults": {"token": {"format": "reference"}}}) as server:
        token = server.token(server.company.for_alice())
        with verifier(server, introspection_kept=1) as orders:
            orders.check_token(token)
            server.signal(signal.SIGSTOP)
            try:
                until(lambda: not taken(orders, token))
            finally:
                server.signal(signal.SIGCONT)
            until(lambda: taken(orders, token))


def taken(orders: sync.Verifier, token: str) -> bool:
    try:
        orders.check_token(token)
    except Unreachable:
        return False
    return True
