"""How the feed is asked, and what an answer of it must be."""

from __future__ import annotations

from typing import Any

import pytest
from sdk.tests.support import ISSUER, METADATA, NOW, StillWorld, answer, play

from actas_sdk.credentials import ClientSecret
from actas_sdk.errors import ActasError, BadAnswer, ClientRefused, InvalidToken, Unreachable
from actas_sdk.feed import Feed, told
from actas_sdk.flow import Answer, Failure
from actas_sdk.issuer import Issuer

A, B = "a" * 12, "b" * 12
EVER = 4_102_444_800
FEED = f"{ISSUER}/revocations"
DESCRIBED = {**METADATA, "actas_revocation_feed": FEED}
CLAIMS: dict[str, Any] = {"lineage": f"{int(NOW)} {A}"}


def page(*marks: str, last: int, more: bool = False, age: float = 0) -> Answer:
    rows = [{"mark": mark, "up_to": EVER, "until": int(NOW) + 300} for mark in marks]
    return answer(200, {"revoked": rows, "last": last, "more": more, "age": age})


def feed(still: StillWorld, *, eager: bool = False) -> Feed:
    world = still.world()
    me = ClientSecret(client_id="inventory", secret="s")
    return Feed(Issuer(ISSUER, world=world), credentials=me, within=5, world=world, eager=eager)


def test_the_first_token_waits_for_all_of_it_and_the_next_asks_nothing(still: StillWorld) -> None:
    followed = feed(still)
    pages = (answer(200, DESCRIBED), page(B, last=1, more=True), page(last=1))
    _, asked, paused = play(followed.require_live(CLAIMS), *pages)
    assert [(ask.method, ask.url) for ask in asked[1:]] == [("POST", FEED), ("POST", FEED)]
    assert [ask.body for ask in asked[1:]] == [b"after=0", b"after=1"]
    assert asked[1].headers["Authorization"].startswith("Basic ")
    assert "Basic" not in repr(asked[1])
    assert paused == []
    assert play(followed.require_live(CLAIMS))[1] == []


def test_a_revoked_token_is_refused(still: StillWorld) -> None:
    with pytest.raises(InvalidToken, match="revoked"):
        play(feed(still).require_live(CLAIMS), answer(200, DESCRIBED), page(A, last=1))


def test_a_token_without_lineage_is_refused_before_anything_is_asked(still: StillWorld) -> None:
    with pytest.raises(InvalidToken, match="lineage"):
        play(feed(still).require_live({}))


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        ((Failure(detail="connect", sent=False),), "connect"),
        ((answer(503),), "answered 503"),
        ((answer(429),), "answered 429"),
        ((answer(401, {"error": "invalid_client"}),), "invalid_client"),
        ((answer(302),), "answered 302"),
        ((page(last=0, more=True),), "more after its end"),
        ((page(A, last=1, more=True), answer(500)), "answered 500"),
    ],
    ids=["down", "busy", "too often", "not us", "redirect", "endless", "half"],
)
def test_what_is_in_the_way_is_said_and_nobody_waits_for_it_again(
    still: StillWorld, replies: tuple[Any, ...], said: str
) -> None:
    followed = feed(still)
    with pytest.raises(Unreachable, match=said) as down:
        play(followed.require_live(CLAIMS), answer(200, DESCRIBED), *replies)
    assert down.value.retry_after == 1
    still.now += 100
    with pytest.raises(Unreachable, match=said):
        play(followed.require_live(CLAIMS))


def test_a_server_without_a_feed_lets_nobody_in(still: StillWorld) -> None:
    with pytest.raises(Unreachable, match="has no feed"):
        play(feed(still).require_live(CLAIMS), answer(200, METADATA))


def test_a_feed_on_a_plain_address_is_not_asked(still: StillWorld) -> None:
    described = {**METADATA, "actas_revocation_feed": "http://sts.acme.example/revocations"}
    with pytest.raises(BadAnswer, match="not https"):
        play(feed(still).require_live(CLAIMS), answer(200, described))


def test_it_recovers_by_itself(still: StillWorld) -> None:
    followed = feed(still)
    play(followed.catch_up(), answer(200, DESCRIBED), answer(503))
    beside = followed.keep_up()
    pause = next(beside)
    assert getattr(pause, "seconds", None) == pytest.approx(0.25)
    together = beside.send(None)
    play(together.flow(), page(last=0))  # type: ignore[union-attr]
    assert getattr(beside.send(None), "seconds", None) == pytest.approx(0.8)
    play(followed.require_live(CLAIMS))


def test_an_address_that_leads_nowhere_is_looked_up_again(still: StillWorld) -> None:
    followed = feed(still)
    play(followed.catch_up(), answer(200, DESCRIBED), answer(404))
    still.now += 3601
    moved = {**DESCRIBED, "actas_revocation_feed": f"{FEED}2"}
    _, asked, _ = play(followed.catch_up(), answer(200, moved), page(last=0))
    assert asked[-1].url == f"{FEED}2"


def test_an_outage_of_the_metadata_stops_nothing(still: StillWorld) -> None:
    followed = feed(still)
    play(followed.catch_up(), answer(200, DESCRIBED), page(last=0))
    still.now += 7200
    _, asked, _ = play(followed.catch_up(), page(last=0))
    assert [ask.url for ask in asked] == [FEED]


def test_a_trouble_is_logged_once_and_so_is_its_end(
    still: StillWorld, caplog: pytest.LogCaptureFixture
) -> None:
    followed = feed(still)
    play(followed.catch_up(), answer(200, DESCRIBED), answer(503))
    play(followed.catch_up(), answer(503))
    play(followed.catch_up(), page(last=0))
    play(followed.catch_up(), page(last=0))
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "what is revoked cannot be followed; in 5 s no token is taken",
        "what is revoked is followed again",
    ]


def test_an_eager_one_asks_before_every_check(still: StillWorld) -> None:
    followed = feed(still, eager=True)
    play(followed.require_live(CLAIMS), answer(200, DESCRIBED), page(last=0))
    with pytest.raises(InvalidToken):
        play(followed.require_live(CLAIMS), page(A, last=1))
    with pytest.raises(Unreachable):
        play(followed.require_live(CLAIMS), answer(503))
    with pytest.raises(InvalidToken):
        play(followed.require_live(CLAIMS), page(last=1))


GOOD: dict[str, Any] = {
    "revoked": [{"mark": A, "up_to": EVER, "until": int(NOW)}],
    "last": 1,
    "more": False,
    "age": 0.5,
}


@pytest.mark.parametrize(
    "changed",
    [
        {"revoked": None},
        {"revoked": {}},
        {"revoked": [A]},
        {"revoked": [{"mark": A, "up_to": EVER}]},
        {"revoked": [{"mark": A[1:], "up_to": EVER, "until": 1}]},
        {"revoked": [{"mark": A, "up_to": True, "until": 1}]},
        {"revoked": [{"mark": A, "up_to": 1.5, "until": 1}]},
        {"revoked": [{"mark": A, "up_to": -1, "until": 1}]},
        {"revoked": [{"mark": A, "up_to": 1, "until": 2**53}]},
        {"revoked": [{"mark": A, "up_to": 1, "until": 1}] * 5001},
        {"last": None},
        {"last": "1"},
        {"last": -1},
        {"more": None},
        {"more": 0},
        {"age": None},
        {"age": -0.1},
        {"age": True},
        {"age": 3601},
    ],
)
def test_an_answer_that_is_not_what_it_must_be_is_not_used(changed: dict[str, Any]) -> None:
    assert told(answer(200, GOOD), after=0).last == 1
    with pytest.raises(BadAnswer):
        told(answer(200, GOOD | changed), after=0)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(401, {"error": "invalid_client"}), ClientRefused),
        (answer(200, b"[]"), BadAnswer),
        (answer(200, GOOD, content_type="text/html"), BadAnswer),
        (answer(404), BadAnswer),
    ],
)
def test_what_is_no_answer_is_an_error(reply: Answer, kind: type[ActasError]) -> None:
    with pytest.raises(kind):
        told(reply, after=0)
