"""The SDK's stand-in for the server refuses as the server does, for every reason that it may be told, and tells
what was revoked as the server does.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from scripts.pages.errors import ANSWERS
from tests.fakes.house import House, secret_of

from actas.core import errors
from actas.core.errors import OAuthError
from actas.core.lineage import lineage_of
from actas.core.party import Caller
from actas.core.reasons import Reason
from actas.core.reasons_of_managing import OF_MANAGING
from actas.core.reasons_of_registering import OF_REGISTERING
from actas.core.reasons_of_signing_in import OF_SIGNING_IN
from actas.core.reasons_of_userinfo import OF_USERINFO
from actas.web.metadata import metadata
from actas_sdk import sync
from actas_sdk.jws import said_by
from actas_sdk.testing import FakeActas

OF_THE_TOKEN_ENDPOINT: list[Reason] = [
    reason
    for reason, kinds in ANSWERS.items()
    if reason not in ("nonce_needed", "not_yours", "already_decided")
    and reason
    not in {*OF_SIGNING_IN, *OF_USERINFO, *OF_MANAGING, *OF_REGISTERING} - {"bad_code", "code_reused"}
    and all(kind.__module__ == errors.__name__ for kind in kinds)
]
"""All but the one that comes with a nonce, which the stand-in asks nobody for."""


@pytest.mark.parametrize("reason", OF_THE_TOKEN_ENDPOINT)
def test_the_stand_in_refuses_as_the_server_does(reason: Reason) -> None:
    fake = FakeActas()
    fake.refuse(reason)
    form = urlencode({"grant_type": "client_credentials", "client_id": "orders"})
    with httpx2.Client(transport=fake.transport) as http:
        said = http.post(f"{fake.issuer}/token", content=form)
    kinds: tuple[type[OAuthError], ...] = ANSWERS[reason]
    assert (said.json()["error"], said.status_code) in {(kind.code, kind.status) for kind in kinds}
    assert said.json()["error_uri"].endswith(f"#{reason}")


async def test_the_stand_in_tells_what_was_revoked_as_the_server_does() -> None:
    house = House()
    token = house.our_token()
    form = urlencode({"client_id": "assistant", "client_secret": secret_of("assistant"), "token": token})
    await house.revocation()(form.encode(), Caller(address="127.0.0.1"))
    who = urlencode({"client_id": "orders", "client_secret": secret_of("orders")})
    real = await house.feed()(who.encode(), Caller(address="127.0.0.1"))

    fake = FakeActas()
    fake.revoke(fake.token("alice"))
    with httpx2.Client(transport=fake.transport) as http:
        described = http.get(f"{fake.issuer}/.well-known/oauth-authorization-server").json()
        said = http.post(described["actas_revocation_feed"], content=f"{who}&after=0").json()
    assert shape(said) == shape(real)
    ours = metadata(
        "https://sts.test",
        grant_types=(),
        scopes=(),
        methods=(),
        assertion_algorithms=(),
        signing_algorithms=(),
        proof_algorithms=(),
        certificates=False,
    )
    assert described["actas_revocation_feed"] == ours["actas_revocation_feed"]


def test_the_tokens_of_the_stand_in_say_what_they_come_from_as_ours_do() -> None:
    fake = FakeActas()
    orders = sync.Actas(fake.issuer, client_id="orders", client_secret="s")
    fake.stand_in(orders)
    parent = fake.token("alice", via=["assistant"])
    child = orders.exchange(parent, to="https://inventory.test")
    before, after = (lineage_of(said_by(each.reveal())) for each in (parent, child))
    assert len(before.marks) == 3
    assert set(before.marks) < set(after.marks)
    assert after.since == before.since
    fake.close()


async def test_the_stand_in_answers_about_tokens_as_the_server_does() -> None:
    house = House()
    who = {"client_id": "orders", "client_secret": secret_of("orders")}
    form = urlencode({**who, "token": house.our_token()})
    real = (await house.introspection()(form.encode(), Caller(address="127.0.0.1"))).body

    fake = FakeActas()
    token = fake.token("alice", via=["assistant"], scopes=["orders:read"], reference=True)
    with httpx2.Client(transport=fake.transport) as http:
        described = http.get(f"{fake.issuer}/.well-known/oauth-authorization-server").json()
        told = [
            http.post(described["introspection_endpoint"], content=urlencode({**who, "token": one})).json()
            for one in (token.reveal(), "unknown")
        ]
    said, nothing = told
    known = {name: kind for name, kind in shape(real).items() if name in said}
    assert {name: kind for name, kind in shape(said).items() if name in known and name != "act"} == {
        name: kind for name, kind in known.items() if name != "act"
    }
    assert {"active", "token_type", "iss", "aud", "sub", "exp", "scope", "client_id"} <= known.keys()
    assert nothing == {"active": False}


def shape(value: Any) -> Any:
    """The members and kinds of a JSON document."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )
