"""The auth object: for both HTTP libraries, one person, and a token that is good now."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest
from sdk.tests.support import INVENTORY, ISSUER, NOW, StillWorld

from actas_sdk import Actas, sync
from actas_sdk.errors import NoPerson, Refused
from actas_sdk.testing import FakeActas


@pytest.fixture
def fake(still: StillWorld) -> FakeActas:
    return FakeActas(ISSUER, audience=INVENTORY, world=still.world())


@pytest.fixture
def actas(fake: FakeActas, still: StillWorld) -> Actas:
    actas = Actas(ISSUER, client_id="orders", client_secret="s", world=still.world())
    fake.stand_in(actas)
    return actas


@pytest.fixture
def blocking(fake: FakeActas, still: StillWorld) -> sync.Actas:
    actas = sync.Actas(ISSUER, client_id="orders", client_secret="s", world=still.world())
    fake.stand_in(actas)
    return actas


class Inventory:
    """An API that remembers the tokens it was sent."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.sent: list[str] = []

    def __call__(self, request: Any) -> Any:
        self.sent.append(request.headers["authorization"])
        library = httpx2 if isinstance(request, httpx2.Request) else httpx
        return library.Response(self.status, json={"count": 3})


def test_it_is_an_auth_object_of_both_libraries(actas: Actas, blocking: sync.Actas, fake: FakeActas) -> None:
    for maker in (actas, blocking):
        auth: object = maker.acting_for(fake.token("alice"), to=INVENTORY)
        assert all(isinstance(auth, kind) for kind in (httpx2.Auth, httpx.Auth))


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_it_works_in_both_async_clients(actas: Actas, fake: FakeActas, library: Any) -> None:
    inventory = Inventory()
    auth = actas.acting_for(fake.token("alice"), to=INVENTORY, scopes=["stock:read"])
    transport = library.MockTransport(inventory)
    async with library.AsyncClient(base_url=INVENTORY, auth=auth, transport=transport) as http:
        assert (await http.get("/stock/sku-42")).json() == {"count": 3}
        await http.post("/stock/sku-42", json={})

    assert len(set(inventory.sent)) == 1
    assert inventory.sent[0].startswith("Bearer eyJ")
    assert [each.subject for each in fake.exchanges] == ["alice"]
    assert fake.exchanges[0].scopes == {"stock:read"}


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_it_works_in_both_blocking_clients(blocking: sync.Actas, fake: FakeActas, library: Any) -> None:
    inventory = Inventory()
    auth = blocking.acting_for(fake.token("alice"), to=INVENTORY, scopes=["stock:read"])
    with library.Client(base_url=INVENTORY, auth=auth, transport=library.MockTransport(inventory)) as http:
        http.get("/stock/sku-42")

    assert inventory.sent[0].startswith("Bearer eyJ")


async def test_it_renews_by_itself(actas: Actas, fake: FakeActas, still: StillWorld) -> None:
    inventory = Inventory()
    auth = actas.acting_for(fake.token("alice"), to=INVENTORY)
    async with httpx2.AsyncClient(auth=auth, transport=httpx2.MockTransport(inventory)) as http:
        await http.get(INVENTORY)
        still.now = NOW + 100
        await http.get(INVENTORY)

    assert len(set(inventory.sent)) == 2


async def test_a_token_an_api_turned_down_is_not_sent_again(actas: Actas, fake: FakeActas) -> None:
    inventory = Inventory(status=401)
    auth = actas.acting_for(fake.token("alice"), to=INVENTORY)
    async with httpx2.AsyncClient(auth=auth, transport=httpx2.MockTransport(inventory)) as http:
        assert (await http.get(INVENTORY)).status_code == 401
        assert len(inventory.sent) == 1
        await http.get(INVENTORY)

    assert len(set(inventory.sent)) == 2


def test_a_blocking_client_forgets_a_token_that_was_turned_down_too(
    blocking: sync.Actas, fake: FakeActas
) -> None:
    inventory = Inventory(status=401)
    auth = blocking.acting_for(fake.token("alice"), to=INVENTORY)
    with httpx2.Client(auth=auth, transport=httpx2.MockTransport(inventory)) as http:
        http.get(INVENTORY)
        http.get(INVENTORY)

    assert len(set(inventory.sent)) == 2


async def test_a_scope_the_api_wanted_does_not_cost_the_token(actas: Actas, fake: FakeActas) -> None:
    inventory = Inventory(status=403)
    auth = actas.acting_for(fake.token("alice"), to=INVENTORY)
    async with httpx2.AsyncClient(auth=auth, transport=httpx2.MockTransport(inventory)) as http:
        await http.get(INVENTORY)
        await http.get(INVENTORY)

    assert len(fake.exchanges) == 1


async def test_a_refusal_means_that_the_api_is_not_called(actas: Actas, fake: FakeActas) -> None:
    inventory = Inventory()
    fake.refuse("no_rule")
    auth = actas.acting_for(fake.token("alice"), to=INVENTORY)
    async with httpx2.AsyncClient(auth=auth, transport=httpx2.MockTransport(inventory)) as http:
        with pytest.raises(Refused):
            await http.get(INVENTORY)

    assert inventory.sent == []


async def test_nobody_to_act_for_is_found_before_the_first_request(
    actas: Actas, blocking: sync.Actas
) -> None:
    for maker in (actas, blocking):
        with pytest.raises(NoPerson):
            maker.acting_for(None, to=INVENTORY)


async def test_the_other_kind_of_client_is_told_what_to_use(
    actas: Actas, blocking: sync.Actas, fake: FakeActas
) -> None:
    alice = fake.token("alice")
    transport = httpx2.MockTransport(Inventory())
    with (
        httpx2.Client(auth=actas.acting_for(alice, to=INVENTORY), transport=transport) as http,
        pytest.raises(TypeError, match=r"actas_sdk\.sync"),
    ):
        http.get(INVENTORY)
    async with httpx2.AsyncClient(auth=blocking.acting_for(alice, to=INVENTORY), transport=transport) as http:
        with pytest.raises(TypeError, match=r"actas_sdk\.Actas"):
            await http.get(INVENTORY)
    assert fake.exchanges == []


async def test_a_redirect_to_another_host_does_not_take_the_token_along(
    actas: Actas, fake: FakeActas
) -> None:
    seen: dict[str, bool] = {}

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen[request.url.host] = "authorization" in request.headers
        here = request.url.host == "inventory.acme.example"
        return (
            httpx2.Response(302, headers={"Location": "https://evil.example/"})
            if here
            else httpx2.Response(200)
        )

    auth = actas.acting_for(fake.token("alice"), to=INVENTORY)
    async with httpx2.AsyncClient(
        auth=auth, transport=httpx2.MockTransport(answer), follow_redirects=True
    ) as http:
        await http.get(INVENTORY)

    assert seen == {"inventory.acme.example": True, "evil.example": False}
