"""Protect: the samples as they are written, and every answer it can give."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.testclient import TestClient
from sdk.tests.support import ISSUER, ORDERS

from actas_sdk import Caller as PlainCaller
from actas_sdk import Misconfigured, Party
from actas_sdk.fastapi import Caller, Protect
from actas_sdk.jws import ASYMMETRIC
from actas_sdk.sync import Token
from actas_sdk.testing import FakeActas

METADATA_PATH = "/.well-known/oauth-protected-resource"
METADATA = f'resource_metadata="{ORDERS}{METADATA_PATH}"'

protect = Protect(ISSUER, audience=ORDERS)
app = FastAPI(lifespan=protect.lifespan)


@app.get("/orders/{number}")
async def read(number: str, caller: Annotated[Caller, protect("orders:read")]) -> dict[str, str]:
    return {"number": number, "for": caller.subject.id, "asked_by": str(caller.actor)}


@app.get("/me")
def me(caller: Annotated[Caller, protect()]) -> dict[str, Any]:
    return {"scopes": sorted(caller.scopes), "sentence": caller.sentence}


@app.websocket("/feed")
async def feed(socket: WebSocket, caller: Annotated[Caller, protect("orders:read")]) -> None:
    await socket.accept()
    await socket.send_text(caller.subject.id)
    await socket.close()


router = APIRouter(dependencies=[protect("orders:admin")])


@router.delete("/orders/{number}")
async def delete(number: str, caller: Annotated[Caller, protect("orders:write")]) -> str:
    return caller.subject.id


app.include_router(router)


@pytest.fixture
def client(fake_actas: FakeActas) -> Iterator[TestClient]:
    fake_actas.stand_in(protect)
    with TestClient(app) as client:
        yield client


def test_a_good_token_reaches_the_route(client: TestClient, fake_actas: FakeActas) -> None:
    token = fake_actas.token("alice", via=["assistant"], scopes=["orders:read"])
    answer = client.get("/orders/7", headers=token.headers())

    assert answer.status_code == 200
    assert answer.json() == {"number": "7", "for": "alice", "asked_by": "assistant"}


def test_no_scope_at_all_means_any_token_of_this_api(client: TestClient, fake_actas: FakeActas) -> None:
    token = fake_actas.token("alice", via=["assistant"], scopes=["x"])

    assert client.get("/me", headers=token.headers()).json() == {
        "scopes": ["x"],
        "sentence": "assistant may use x at orders, acting for alice.",
    }


def test_without_a_token_the_challenge_has_no_error(client: TestClient) -> None:
    answer = client.get("/orders/7")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == f'Bearer scope="orders:read", {METADATA}'
    assert answer.json() == {"detail": "An access token is needed."}


@pytest.mark.parametrize(
    "odd",
    [
        {"life": -1},
        {"to": "https://other.example"},
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"cnf": {"jkt": "x"}}},
    ],
    ids=range(4),
)
def test_a_bad_token_is_401_and_says_no_more(
    client: TestClient, fake_actas: FakeActas, odd: dict[str, Any]
) -> None:
    answer = client.get(
        "/orders/7", headers=fake_actas.token("alice", scopes=["orders:read"], **odd).headers()
    )

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        'Bearer error="invalid_token", '
        'error_description="The access token is malformed, expired, revoked or not meant for this API.", '
        f'scope="orders:read", {METADATA}'
    )


def test_the_log_says_which_check_failed(
    client: TestClient, fake_actas: FakeActas, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="actas_sdk")
    client.get("/me", headers=fake_actas.token("alice", life=-1).headers())

    assert "exp has passed" in caplog.text


def test_two_tokens_are_400(client: TestClient, fake_actas: FakeActas) -> None:
    said = fake_actas.token("alice").headers()["Authorization"]
    answer = client.get("/me", headers=[("Authorization", said), ("Authorization", said)])

    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_a_missing_scope_is_403_naming_it(client: TestClient, fake_actas: FakeActas) -> None:
    answer = client.get("/orders/7", headers=fake_actas.token("alice").headers())

    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == (
        'Bearer error="insufficient_scope", '
        'error_description="The access token does not carry the scope this needs.", '
        f'scope="orders:read", {METADATA}'
    )


def test_scopes_of_the_router_and_of_the_route_are_both_needed(
    client: TestClient, fake_actas: FakeActas
) -> None:
    def status(*scopes: str) -> int:
        return client.delete(
            "/orders/7", headers=fake_actas.token("dana", scopes=scopes).headers()
        ).status_code

    assert status("orders:write") == 403
    assert status("orders:admin") == 403
    assert status("orders:admin", "orders:write") == 200


def test_keys_out_of_reach_are_503_and_not_401(client: TestClient, fake_actas: FakeActas) -> None:
    token = fake_actas.token("alice", scopes=["orders:read"])
    fake_actas.go_down(retry_after=30)
    answer = client.get("/orders/7", headers=token.headers())

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"
    assert "www-authenticate" not in answer.headers


def test_an_issuer_that_makes_no_sense_is_503(client: TestClient, fake_actas: FakeActas) -> None:
    token = fake_actas.token("alice")
    fake_actas._server.issuer = "https://somebody.else.example"

    assert client.get("/me", headers=token.headers()).status_code == 503


def test_a_websocket_is_protected_too(client: TestClient, fake_actas: FakeActas) -> None:
    token = fake_actas.token("alice", scopes=["orders:read"])
    with client.websocket_connect("/feed", headers=token.headers()) as socket:
        assert socket.receive_text() == "alice"


def test_the_challenge_leads_to_what_the_api_is(client: TestClient) -> None:
    assert client.get(METADATA_PATH).json() == {
        "resource": ORDERS,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": sorted(ASYMMETRIC),
        "dpop_bound_access_tokens_required": False,
        "scopes_supported": ["orders:admin", "orders:read", "orders:write"],
    }


def test_starting_again_publishes_once(fake_actas: FakeActas) -> None:
    fake_actas.stand_in(protect)
    for _ in range(2):
        with TestClient(app) as client:
            assert client.get("/me", headers=fake_actas.token("alice").headers()).status_code == 200
    assert [getattr(route, "path", "") for route in app.router.routes].count(METADATA_PATH) == 1


def test_it_works_without_a_lifespan(fake_actas: FakeActas) -> None:
    fake_actas.stand_in(protect)
    client = TestClient(app)

    for _ in range(2):
        assert client.get("/me", headers=fake_actas.token("alice").headers()).status_code == 200


def test_a_lifespan_of_the_apps_own_may_enter_it(fake_actas: FakeActas) -> None:
    api = Protect(ISSUER, audience="https://acme.example/billing")
    entered: list[str] = []

    @asynccontextmanager
    async def lifespan(mine: FastAPI) -> AsyncGenerator[None]:
        async with api.lifespan(mine):
            entered.append("mine")
            yield

    fake_actas.stand_in(api)
    with TestClient(FastAPI(lifespan=lifespan)) as client:
        assert client.get(f"{METADATA_PATH}/billing").json()["resource"] == "https://acme.example/billing"
    assert entered == ["mine"]


def test_an_api_known_by_name_publishes_nothing(fake_actas: FakeActas) -> None:
    named = Protect(ISSUER, audience="billing")
    api = FastAPI(lifespan=named.lifespan)

    @api.get("/", dependencies=[named()])
    async def root() -> str:
        return "x"

    fake_actas.stand_in(named)
    with TestClient(api) as client:
        assert client.get("/").headers["www-authenticate"] == "Bearer"
        assert client.get(METADATA_PATH).status_code == 404


def test_scopes_appear_in_the_documentation_of_the_api(client: TestClient) -> None:
    said = client.get("/openapi.json").json()

    assert said["components"]["securitySchemes"]["actas"]["scheme"] == "bearer"
    assert said["paths"]["/orders/{number}"]["get"]["security"] == [{"actas": ["orders:read"]}]
    assert METADATA_PATH not in said["paths"]
    assert "parameters" not in said["paths"]["/me"]["get"]


def test_a_test_may_put_somebody_in_place_of_the_check(client: TestClient) -> None:
    alice = Party(id="alice")
    somebody = Caller(
        subject=alice,
        actor=alice,
        chain=(alice,),
        scopes=frozenset(),
        client_id=None,
        token=Token("t", audience=ORDERS),
    )
    app.dependency_overrides[protect.check] = lambda: somebody
    try:
        assert client.get("/orders/7").json()["for"] == "alice"
    finally:
        app.dependency_overrides.clear()


def test_what_is_not_a_scope_is_found_when_the_route_is_written() -> None:
    with pytest.raises(Misconfigured):
        protect("orders read")


def test_it_is_the_same_caller_everywhere() -> None:
    assert Caller is PlainCaller
