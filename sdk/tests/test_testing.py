"""The stand-in, used as its documentation says."""

from __future__ import annotations

from typing import Annotated

import httpx2
import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient
from joserfc.jwk import ECKey
from sdk.tests.support import INVENTORY, ISSUER, ORDERS

from actas_sdk import (
    Actas,
    ClientSecretJwt,
    Misconfigured,
    MutualTls,
    Party,
    Refused,
    SignInAgain,
    Unreachable,
    Verifier,
    sync,
)
from actas_sdk.credentials import Credentials
from actas_sdk.fastapi import Caller, Protect
from actas_sdk.testing import FakeActas

protect = Protect(ISSUER, audience=ORDERS)
actas = Actas(ISSUER, client_id="orders", client_secret="s")
app = FastAPI(lifespan=protect.lifespan)


@app.get("/orders/{number}")
async def read(number: str, caller: Annotated[Caller, protect("orders:read")]) -> dict[str, str]:
    return {"number": number, "for": caller.subject.id}


@app.get("/orders/{number}/stock")
async def stock(number: str, caller: Annotated[Caller, protect("orders:read")]) -> str:
    try:
        token = await actas.exchange(caller, to=INVENTORY, scopes=["stock:read"])
    except Refused as no:
        raise HTTPException(403, no.sentence) from no
    except SignInAgain as stale:
        raise HTTPException(401, headers=stale.challenge()) from stale
    except Unreachable as down:
        raise HTTPException(503) from down
    return token.sentence


@pytest.fixture
def client(fake_actas: FakeActas) -> TestClient:
    fake_actas.stand_in(protect, actas)
    return TestClient(app)


def test_an_agent_may_read(client: TestClient, fake_actas: FakeActas) -> None:
    token = fake_actas.token("alice", via=["assistant"], scopes=["orders:read"])
    assert client.get("/orders/7", headers=token.headers()).status_code == 200


def test_the_scope_is_needed(client: TestClient, fake_actas: FakeActas) -> None:
    answer = client.get("/orders/7", headers=fake_actas.token("alice").headers())
    assert answer.status_code == 403
    assert 'scope="orders:read"' in answer.headers["www-authenticate"]


def test_we_ask_for_no_more_than_we_need(client: TestClient, fake_actas: FakeActas) -> None:
    client.get("/orders/7/stock", headers=fake_actas.token("alice", scopes=["orders:read"]).headers())
    assert fake_actas.exchanges[-1].scopes == {"stock:read"}


def test_the_chain_goes_on(client: TestClient, fake_actas: FakeActas) -> None:
    token = fake_actas.token("alice@acme.example", via=["assistant"], scopes=["orders:read"])

    assert client.get("/orders/7/stock", headers=token.headers()).json() == (
        "orders may use stock:read at inventory, acting for alice, who asked through assistant."
    )
    asked = fake_actas.exchanges[-1]
    assert (asked.client_id, asked.subject, asked.to, asked.granted) == (
        "orders",
        "alice@acme.example",
        INVENTORY,
        True,
    )
    assert asked.subject_token is not None
    assert asked.subject_token.reveal() == token.reveal()


@pytest.mark.parametrize(("reason", "status"), [("no_rule", 403), ("excess", 403), ("expired", 401)])
def test_it_refuses_on_command(client: TestClient, fake_actas: FakeActas, reason: str, status: int) -> None:
    headers = fake_actas.token("alice", scopes=["orders:read"]).headers()
    fake_actas.refuse(reason)
    assert client.get("/orders/7/stock", headers=headers).status_code == status

    fake_actas.allow()
    assert client.get("/orders/7/stock", headers=headers).status_code == 200


def test_it_goes_down_on_command(client: TestClient, fake_actas: FakeActas) -> None:
    headers = fake_actas.token("alice", scopes=["orders:read"]).headers()
    assert client.get("/orders/7", headers=headers).status_code == 200
    fake_actas.go_down()

    assert client.get("/orders/7", headers=headers).status_code == 200
    assert client.get("/orders/7/stock", headers=headers).status_code == 503


def test_an_unknown_reason_is_a_mistake_of_the_test(fake_actas: FakeActas) -> None:
    with pytest.raises(ValueError, match="no_rule"):
        fake_actas.refuse("because")


def test_a_token_it_did_not_make_buys_nothing(fake_actas: FakeActas) -> None:
    mine = sync.Actas(ISSUER, client_id="orders", client_secret="s")
    fake_actas.stand_in(mine)

    with pytest.raises(Refused) as no:
        mine.exchange("made-up", to=INVENTORY)
    assert no.value.reason == "bad_subject"


def test_the_parts_are_given_back_with_nothing_remembered() -> None:
    verifier = sync.Verifier(ISSUER, audience=ORDERS)
    fake = FakeActas()
    before = (verifier._wire, verifier._core)
    fake.stand_in(verifier)
    assert (verifier._wire, verifier._core) != before
    assert (fake.issuer, fake.audience) == (ISSUER, ORDERS)
    fake.close()

    assert (verifier._wire, verifier._core) == before


def test_parts_of_two_servers_need_two_fakes(fake_actas: FakeActas) -> None:
    with pytest.raises(ValueError, match="different servers"):
        fake_actas.stand_in(protect, Verifier("https://other.example", audience=ORDERS))


async def test_it_serves_a_client_that_is_made_by_hand(fake_actas: FakeActas) -> None:
    async with httpx2.AsyncClient(transport=fake_actas.transport) as http:
        verifier = Verifier(fake_actas.issuer, audience=fake_actas.audience, http=http)
        token = fake_actas.token("nightly", kind="service", via=[Party(id="portal", kind="app")])
        caller = await verifier.check_token(token.reveal())

    assert (caller.subject.kind, caller.actor.kind) == ("service", "app")
    assert caller.sentence == token.sentence


async def test_a_service_may_ask_for_itself(fake_actas: FakeActas) -> None:
    fake_actas.stand_in(actas)
    token = await actas.own_token(to=INVENTORY, scopes=["stock:read"])

    assert token.sentence == "orders may use stock:read at inventory."
    assert fake_actas.exchanges[-1].subject is None


def test_everything_it_answers_passes_for_a_client_with_a_key(fake_actas: FakeActas) -> None:
    mine = sync.Actas(
        fake_actas.issuer,
        client_id="assistant",
        client_key=ECKey.generate_key("P-256").as_dict(private=True),  # type: ignore[arg-type]
    )
    fake_actas.stand_in(mine)
    mine.exchange(fake_actas.token("alice"), to=INVENTORY)

    assert fake_actas.exchanges[-1].client_id == "assistant"


@pytest.mark.parametrize(
    "credentials",
    [
        ClientSecretJwt(client_id="assistant", secret="s" * 40),
        MutualTls(client_id="assistant", certificate="assistant.pem"),
    ],
    ids=["secret in a MAC", "certificate"],
)
def test_it_knows_a_client_by_each_of_its_credentials(
    credentials: Credentials, fake_actas: FakeActas
) -> None:
    mine = sync.Actas(fake_actas.issuer, credentials=credentials, http=httpx2.Client())
    fake_actas.stand_in(mine)

    assert mine.own_token(to=INVENTORY).sentence == "assistant may call inventory."
    assert fake_actas.exchanges[-1].client_id == "assistant"


def test_what_it_does_not_know_is_not_found(fake_actas: FakeActas) -> None:
    with httpx2.Client(transport=fake_actas.transport) as http:
        assert http.get(f"{fake_actas.issuer}/elsewhere").status_code == 404


def test_misconfiguration_is_found_without_a_server() -> None:
    with pytest.raises(Misconfigured):
        Protect("http://sts.acme.example", audience=ORDERS)
