"""Refresh tokens: asked for with a person's token, good once, shown to nobody but the server."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from sdk.tests.support import INVENTORY, ISSUER, METADATA, NOW, Script, StillWorld, answer

from actas_sdk import (
    Actas,
    BadAnswer,
    Misconfigured,
    NoPerson,
    Party,
    RefreshToken,
    Refused,
    Unreachable,
    sync,
)
from actas_sdk.dpop import DpopKey
from actas_sdk.errors import SignInAgain
from actas_sdk.refreshing import begun, refresh_with
from actas_sdk.requests import wanted_for
from actas_sdk.testing import FakeActas

TOKEN = f"{ISSUER}/token"
REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token"
GRANTED = {
    "access_token": "actas_rft_1",
    "issued_token_type": REFRESH_TOKEN,
    "token_type": "N_A",
    "expires_in": 3600,
    "scope": "r",
}


@pytest.fixture
def fake(still: StillWorld) -> FakeActas:
    return FakeActas(ISSUER, audience=INVENTORY, world=still.world())


@pytest.fixture
def actas(fake: FakeActas, still: StillWorld) -> sync.Actas:
    actas = sync.Actas(ISSUER, client_id="report", client_secret="s", world=still.world())
    fake.stand_in(actas)
    return actas


def begin(actas: sync.Actas, fake: FakeActas, *scopes: str) -> RefreshToken:
    return actas.refresh_token(fake.token("alice"), to=INVENTORY, scopes=scopes, subject_type="id_token")


def test_an_exchange_is_done_again_while_the_person_is_away(
    actas: sync.Actas, fake: FakeActas, still: StillWorld
) -> None:
    kept = begin(actas, fake, "r", "w")
    assert (kept.audience, sorted(kept.scopes), kept.expires_at) == (INVENTORY, ["r", "w"], NOW + 3600)
    seen = {kept.reveal()}
    for _ in range(3):
        still.now += 1000  # alice's own token has ended long ago
        token, kept = actas.refresh(kept)
        assert (token.audience, sorted(token.scopes)) == (INVENTORY, ["r", "w"])
        assert token.expires_at == still.now + 120
        assert token.sentence == "report may use r and w at inventory, acting for alice."
        seen.add(kept.reveal())
    assert len(seen) == 4
    assert [one.subject for one in fake.exchanges] == ["alice"] * 4


async def test_the_async_one_does_the_same(fake: FakeActas, still: StillWorld) -> None:
    actas = Actas(ISSUER, client_id="report", client_secret="s", world=still.world())
    fake.stand_in(actas)
    kept = await actas.refresh_token(fake.token("alice"), to=INVENTORY, scopes=["r"])
    token, after = await actas.refresh(kept)
    assert token.scopes == after.scopes == {"r"}
    assert after.reveal() != kept.reveal()


def test_what_was_kept_elsewhere_as_text_is_good_too(actas: sync.Actas, fake: FakeActas) -> None:
    text = begin(actas, fake, "r", "w").reveal()
    token, after = actas.refresh(f" {text}\n", to=INVENTORY, scopes=["r"])
    assert (token.audience, sorted(token.scopes)) == (INVENTORY, ["r"])
    assert actas.refresh(after).token.scopes == {"r", "w"}  # narrower once is not narrower for good


def test_one_is_good_once_and_what_is_brought_is_not_kept(actas: sync.Actas, fake: FakeActas) -> None:
    kept = begin(actas, fake, "r")
    assert begin(actas, fake, "r").reveal() != kept.reveal()
    first, after = actas.refresh(kept)
    second, _ = actas.refresh(after)
    assert first is not second
    with pytest.raises(Refused) as no:
        actas.refresh(kept)
    assert (no.value.code, no.value.reason) == ("invalid_grant", "refresh_reused")


def test_one_that_has_ended_wants_the_person(actas: sync.Actas, fake: FakeActas) -> None:
    kept = begin(actas, fake, "r")
    fake.refuse("expired")
    with pytest.raises(SignInAgain):
        actas.refresh(kept)


def test_what_is_revoked_brings_nothing_more(actas: sync.Actas, fake: FakeActas) -> None:
    alice = fake.token("alice")
    kept = actas.refresh_token(alice, to=INVENTORY)
    fake.revoke(alice)
    with pytest.raises(Refused) as no:
        actas.refresh(kept)
    assert no.value.reason == "revoked"


def test_the_key_is_proven_each_time_and_bearer_tokens_are_not_taken(
    fake: FakeActas, still: StillWorld
) -> None:
    bound = sync.Actas(ISSUER, client_id="report", client_secret="s", dpop=True, world=still.world())
    fake.stand_in(bound)
    token, _ = bound.refresh(begin(bound, fake, "r"))
    assert token.scheme == "DPoP"
    with pytest.raises(BadAnswer, match="token_type is not DPoP"):
        refresh_with("r1", to=None, scopes=()).read(
            answer(body={"access_token": "a", "token_type": "Bearer"}),
            client=Party(id="report"),
            asked_at=NOW,
            dpop=DpopKey.generate(),
        )


def test_threads_that_refresh_with_one_token_share_the_next(still: StillWorld) -> None:
    script, go = Script(), threading.Event()

    def slow(_: httpx2.Request) -> httpx2.Response:
        go.wait(10)
        return httpx2.Response(200, json={"access_token": "a", "token_type": "Bearer", "refresh_token": "r2"})

    script.answers |= {
        f"{ISSUER}/.well-known/oauth-authorization-server": httpx2.Response(200, json=METADATA),
        TOKEN: slow,
    }
    actas = sync.Actas(
        ISSUER, client_id="report", client_secret="s", http=script.client(), world=still.world()
    )
    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(actas.refresh, "r1") for _ in range(4)]
        while not script.asked(TOKEN):
            pass
        go.set()
        assert {one.result(10).refresh.reveal() for one in found} == {"r2"}
    assert script.asked(TOKEN) == 1


@pytest.mark.parametrize(("fault", "times"), [(httpx2.ReadTimeout("x"), 1), (httpx2.ConnectError("x"), 3)])
def test_one_that_may_have_arrived_is_not_sent_again(fault: Exception, times: int, still: StillWorld) -> None:
    script = Script()
    script.answers |= {
        f"{ISSUER}/.well-known/oauth-authorization-server": httpx2.Response(200, json=METADATA),
        TOKEN: fault,
    }
    actas = sync.Actas(
        ISSUER, client_id="report", client_secret="s", http=script.client(), world=still.world()
    )
    for ask in (lambda: actas.refresh("r1"), lambda: actas.refresh_token("t", to=INVENTORY)):
        before = script.asked(TOKEN)
        with pytest.raises(Unreachable):
            ask()
        assert script.asked(TOKEN) - before == times


def test_a_server_that_gives_no_other_one_goes_on_with_the_same() -> None:
    wanted = refresh_with("r1", to=None, scopes=())
    read = wanted.read(
        answer(body={"access_token": "a", "token_type": "Bearer"}),
        client=Party(id="report"),
        asked_at=NOW,
        dpop=None,
    )
    assert read.refresh is wanted.held


@pytest.mark.parametrize(
    "changed",
    [
        {"access_token": 1},
        {"access_token": "a b"},
        {"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"},
        {"issued_token_type": None},
        {"token_type": "Bearer"},
        {"token_type": None},
        {"expires_in": "soon"},
        {"expires_in": 0},
        {"scope": "a  b"},
    ],
)
def test_an_answer_that_is_no_refresh_token_is_not_one(changed: dict[str, Any]) -> None:
    wanted = wanted_for("t", to=INVENTORY, scopes=["r"], subject_type="id_token")
    assert begun(answer(body=GRANTED), wanted=wanted, asked_at=NOW).reveal() == "actas_rft_1"
    said = {name: value for name, value in {**GRANTED, **changed}.items() if value is not None}
    with pytest.raises(BadAnswer):
        begun(answer(body=said), wanted=wanted, asked_at=NOW)


@pytest.mark.parametrize("following", [1, "", ["r2"]])
def test_a_next_one_that_is_no_text_is_a_defect(following: object) -> None:
    said = {"access_token": "a", "token_type": "Bearer", "refresh_token": following}
    with pytest.raises(BadAnswer):
        refresh_with("r1", to=None, scopes=()).read(
            answer(body=said), client=Party(id="report"), asked_at=NOW, dpop=None
        )


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda actas: actas.refresh(""), NoPerson),
        (lambda actas: actas.refresh(" \n"), NoPerson),
        (lambda actas: actas.refresh("x" * 100_000), Misconfigured),
        (lambda actas: actas.refresh("\udcff"), Misconfigured),
        (lambda actas: actas.refresh("r1", to=""), Misconfigured),
        (lambda actas: actas.refresh("r1", scopes=["a b"]), Misconfigured),
        (lambda actas: actas.refresh_token(None, to=INVENTORY), NoPerson),
    ],
)
def test_what_cannot_be_asked_is_not_sent(
    ask: Callable[[sync.Actas], object], error: type[Exception], actas: sync.Actas, fake: FakeActas
) -> None:
    with pytest.raises(error):
        ask(actas)
    assert fake.exchanges == []


def test_it_does_not_show_itself() -> None:
    kept = RefreshToken("actas_rft_secret", audience=INVENTORY, scopes=["r"])
    for shown in (repr(kept), str(kept), f"{kept}", f"{kept:>100}", repr([kept])):
        assert "secret" not in shown
        assert INVENTORY in shown
    assert copy.deepcopy(kept) is kept
    with pytest.raises(TypeError):
        pickle.dumps(kept)
