"""Two services and a caller on real sockets, all of the SDK: every token is bound, and nobody says how.

The server and both services ask for nonces of their own. The caller's key is proven to orders, that of orders
to inventory, and the token that orders got does not name the key of its caller. Both services follow what is
revoked.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from tests.fakes.ports import reserve
from tests.fakes.served import INVENTORY, ORDERS
from tests.fakes.server import SPREAD, RealServer, until
from tests.fakes.wire import FORM, ask, encoded

from actas_sdk import Actas, sync
from actas_sdk.fastapi import Caller, Protect


@contextlib.contextmanager
def serving(app: FastAPI, port: int) -> Iterator[None]:
    """Serve an application on a port of this computer, from its start to its end."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        until(lambda: running.started, because="the service has started")
        yield
    finally:
        running.should_exit = True
        thread.join()


def protected(server: RealServer, audience: str, at: str) -> Protect:
    """The check in front of one of them: bound tokens alone, nonces of its own, what is revoked is refused."""
    return Protect(
        server.company.issuer,
        audience=audience,
        at=at,
        bound=True,
        nonce_key=secrets.token_bytes(32),
        revocation=True,
        client_id="orders",
        client_secret=server.company.secrets["orders"],
    )


def inventory_app(protect: Protect) -> FastAPI:
    app = FastAPI(lifespan=protect.lifespan)
    needed = protect("stock:read")

    @app.get("/stock/{sku}")
    async def stock(sku: str, caller: Caller = needed) -> dict[str, Any]:
        return {"sku": sku, "sentence": caller.sentence, "cnf": caller.claims["cnf"]}

    return app


def orders_app(protect: Protect, actas: Actas, inventory: str) -> FastAPI:
    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with protect.lifespan(app), actas:
            yield

    app = FastAPI(lifespan=lifespan)
    needed = protect("orders:read")

    @app.post("/orders/{number}/stock")
    async def stock(number: str, caller: Caller = needed) -> Any:
        auth = actas.acting_for(caller, to=INVENTORY, scopes=["stock:read"])
        async with httpx2.AsyncClient(base_url=inventory, auth=auth) as http:
            answer = await http.get(f"/stock/sku-{number}")
            return {"cnf": caller.claims["cnf"], "status": answer.status_code, "inventory": answer.json()}

    return app


@dataclass(frozen=True, slots=True)
class Shop:
    """What runs.

    Attributes:
        orders: the address of orders.
        actas: asks for tokens for orders.
    """

    server: RealServer
    orders: str
    actas: Actas


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    server = RealServer(_folder(tmp_path_factory))
    server.company.tree["server"]["dpop"] = {"nonce": "required"}
    server.company.tree["defaults"] = {"token": {"binding": "dpop"}}
    server.company.named("rules", "orders-to-inventory")["subject"]["relay"] = True
    with contextlib.ExitStack() as stack:
        stack.enter_context(server)
        ports = [reserve() for _ in range(2)]
        for port in ports:
            port.release()
        at = [f"http://127.0.0.1:{port.number}" for port in ports]
        inventory = inventory_app(protected(server, INVENTORY, at[0]))
        stack.enter_context(serving(inventory, ports[0].number))
        secret = server.company.secrets["orders"]
        actas = Actas(server.company.issuer, client_id="orders", client_secret=secret, dpop=True)
        orders = orders_app(protected(server, ORDERS, at[1]), actas, at[0])
        stack.enter_context(serving(orders, ports[1].number))
        yield Shop(server, at[1], actas)


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("shop")


def assistant(shop: Shop) -> sync.Actas:
    secret = shop.server.company.secrets["assistant"]
    return sync.Actas(shop.server.company.issuer, client_id="assistant", client_secret=secret, dpop=True)


def jkt(actas: sync.Actas | Actas) -> dict[str, str]:
    assert actas.dpop_key is not None
    return {"jkt": actas.dpop_key.thumbprint}


@pytest.mark.requirement("TX-150", "TX-152", "TX-154", "TX-155")
def test_every_hop_is_bound_to_its_own_key_and_nobody_says_how(shop: Shop) -> None:
    with assistant(shop) as actas:
        alice = shop.server.company.id_token()
        auth = actas.acting_for(alice, to="orders", scopes=["orders:read"], subject_type="id_token")
        with httpx2.Client(base_url=shop.orders, auth=auth) as http:
            for number in ("7", "8"):
                answer = http.post(f"/orders/{number}/stock", json={"a": "body that is sent again"})
                assert answer.status_code == 200, answer.text
                said = answer.json()
                assert said["cnf"] == jkt(actas)
                assert (said["status"], said["inventory"]["cnf"]) == (200, jkt(shop.actas))
                assert said["inventory"]["sentence"] == (
                    "orders may use stock:read at inventory, acting for alice, who asked through assistant."
                )
        assert jkt(actas) != jkt(shop.actas)


@pytest.mark.requirement("TX-151", "SEC-15")
def test_what_a_log_has_of_a_request_opens_nothing(shop: Shop) -> None:
    with assistant(shop) as actas:
        alice = shop.server.company.id_token()
        url = f"{shop.orders}/orders/7/stock"
        token = actas.exchange(alice, to="orders", scopes=["orders:read"], subject_type="id_token")
        first = httpx2.post(url, headers=token.headers("POST", url))
        assert (first.status_code, "use_dpop_nonce" in first.headers["www-authenticate"]) == (401, True)
        assert token.learn(url, first.headers["dpop-nonce"])
        logged = token.headers("POST", url)
        assert httpx2.post(url, headers=logged).status_code == 200
        assert httpx2.post(url, headers=logged).status_code == 401
        for stolen in (
            {"Authorization": f"Bearer {token.reveal()}"},
            {"Authorization": f"DPoP {token.reveal()}"},
            {**token.headers("GET", url), "Authorization": f"DPoP {token.reveal()}"},
        ):
            assert httpx2.post(url, headers=stolen).status_code == 401


@pytest.mark.requirement("REL-21")
def test_what_is_revoked_is_refused_by_a_service_that_is_not_told(shop: Shop) -> None:
    server = shop.server
    with assistant(shop) as actas:
        alice = server.company.id_token()
        token = actas.exchange(alice, to="orders", scopes=["orders:read"], subject_type="id_token")
        auth = actas.acting_for(alice, to="orders", scopes=["orders:read"], subject_type="id_token")
        with httpx2.Client(base_url=shop.orders, auth=auth) as http:
            assert http.post("/orders/7/stock").status_code == 200
            form = {
                "client_id": "assistant",
                "client_secret": server.company.secrets["assistant"],
                "token": token.reveal(),
            }
            headers = {"Content-Type": FORM}
            assert ask(server.port, "POST", "/revoke", headers=headers, body=encoded(form)).status == 200
            until(lambda: http.post("/orders/7/stock").status_code == 401, limit=SPREAD)
