"""Attack: be served a token that was bought for somebody else.

A cache under a user id, an audience alone, or a digest that joins fields without a seam gives one
person what another bought, or gives somebody who has just signed in more strongly what the older
token bought.
"""

from __future__ import annotations

import itertools

import pytest
from sdk.tests.support import INVENTORY, ISSUER, StillWorld

from actas_sdk import Actas
from actas_sdk.errors import NoPerson
from actas_sdk.requests import wanted_for, wanted_own
from actas_sdk.testing import FakeActas


@pytest.fixture
def fake(still: StillWorld) -> FakeActas:
    return FakeActas(ISSUER, audience=INVENTORY, world=still.world())


@pytest.fixture
def actas(fake: FakeActas, still: StillWorld) -> Actas:
    actas = Actas(ISSUER, client_id="orders", client_secret="s", world=still.world())
    fake.stand_in(actas)
    return actas


async def test_each_subject_token_buys_its_own(actas: Actas, fake: FakeActas) -> None:
    alice, dana, alice_after_mfa = fake.token("alice"), fake.token("dana"), fake.token("alice")

    bought = [
        await actas.exchange(each, to=INVENTORY, scopes=["r"]) for each in (alice, dana, alice_after_mfa)
    ]

    assert len({each.reveal() for each in bought}) == 3
    assert [each.subject for each in fake.exchanges] == ["alice", "dana", "alice"]
    assert [each.chain[0].id for each in bought] == ["alice", "dana", "alice"]


async def test_the_same_subject_token_is_served_from_the_cache(actas: Actas, fake: FakeActas) -> None:
    alice = fake.token("alice")
    first = await actas.exchange(alice, to=INVENTORY, scopes=["a", "b"])

    assert await actas.exchange(alice.reveal(), to=INVENTORY, scopes=["b", "a"]) is first
    assert len(fake.exchanges) == 1


async def test_audience_scopes_type_and_own_authority_never_meet(actas: Actas, fake: FakeActas) -> None:
    alice = fake.token("alice")
    bought = [
        await actas.exchange(alice, to=INVENTORY, scopes=["a"]),
        await actas.exchange(alice, to=INVENTORY, scopes=["a", "b"]),
        await actas.exchange(alice, to=INVENTORY),
        await actas.exchange(alice, to=INVENTORY + "/v2", scopes=["a"]),
        await actas.exchange(alice, to=INVENTORY, scopes=["a"], subject_type="jwt"),
        await actas.own_token(to=INVENTORY, scopes=["a"]),
    ]

    assert len({each.reveal() for each in bought}) == len(bought) == len(fake.exchanges)


def test_no_two_requests_share_a_key_however_their_parts_are_joined() -> None:
    parts = ["a", "b", "a b", 'a"', "a,b", "[", "null", "access_token"]
    keys = {
        wanted_for(subject, to=to, scopes=scopes, subject_type=kind).key
        for subject, to in itertools.product(parts, parts)
        for scopes in (["a"], ["b"], ["a", "b"], [])
        for kind in ("access_token", "jwt")
    } | {wanted_own(to=to, scopes=["a"]).key for to in parts}

    assert len(keys) == len(parts) * len(parts) * 4 * 2 + len(parts)


@pytest.mark.parametrize("nobody", [None, "", "   ", "\n"])
async def test_no_person_no_call(actas: Actas, fake: FakeActas, nobody: str | None) -> None:
    await actas.own_token(to=INVENTORY, scopes=["r"])
    before = len(fake.exchanges)

    with pytest.raises(NoPerson):
        await actas.exchange(nobody, to=INVENTORY, scopes=["r"])
    with pytest.raises(NoPerson):
        actas.acting_for(nobody, to=INVENTORY, scopes=["r"])
    assert len(fake.exchanges) == before
