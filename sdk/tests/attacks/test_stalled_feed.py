"""Somebody holds a token that was revoked, and can keep an API from hearing so: they cut or delay its way to the
server, answer in the server's place with something old, or have the server's own node lag. The API would go on
taking the token until it expires. It must take no token at all once it cannot know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sdk.tests.support import ISSUER, METADATA, NOW, HandMadeIssuer, StillWorld, claims, present

from actas_sdk.errors import InvalidToken, Unreachable
from actas_sdk.sync import Verifier

FEED = f"{ISSUER}/revocations"
MARK = "a" * 12
WITHIN = 5.0


@pytest.fixture
def verifier(issuer: HandMadeIssuer, still: StillWorld, monkeypatch: pytest.MonkeyPatch) -> Verifier:
    """One that follows only when the test lets it."""
    described = {**METADATA, "actas_revocation_feed": FEED}
    issuer.script.answers[f"{ISSUER}/.well-known/oauth-authorization-server"] = httpx2.Response(
        200, json=described
    )
    made = issuer.verifier(still, revocation=True, client_id="orders", client_secret="s")
    monkeypatch.setattr(made, "follow", lambda: None)
    return made


def told(*marks: str, **changed: Any) -> httpx2.Response:
    rows = [{"mark": mark, "up_to": 4_102_444_800, "until": int(NOW) + 600} for mark in marks]
    return httpx2.Response(200, json={"revoked": rows, "last": len(rows), "more": False, "age": 0, **changed})


def token(issuer: HandMadeIssuer) -> str:
    return issuer.sign(claims(exp=int(NOW) + 120, lineage=f"{int(NOW)} {MARK}"))


def cut(_request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("cut")


def round_of(verifier: Verifier) -> None:
    feed = verifier._core.feed
    assert feed is not None
    verifier._wire.run(feed.catch_up())


@pytest.mark.parametrize(
    "stalled",
    [
        cut,
        httpx2.Response(503),
        httpx2.Response(200, text="<html>all is well</html>", headers={"Content-Type": "text/html"}),
        httpx2.Response(200, json={}),
        httpx2.Response(204),
        httpx2.Response(302, headers={"Location": "https://elsewhere.example/revocations"}),
        told(age=6.0),
        told(more=True),
    ],
    ids=["cut", "busy", "a page", "nothing", "empty", "elsewhere", "a node that lags", "no end"],
)
def test_a_feed_that_says_nothing_lets_nobody_in(
    issuer: HandMadeIssuer,
    still: StillWorld,
    verifier: Verifier,
    stalled: httpx2.Response | Callable[[httpx2.Request], httpx2.Response],
) -> None:
    stolen = token(issuer)
    issuer.script.answers[FEED] = told()
    present(verifier, stolen)
    issuer.script.answers[FEED] = stalled
    for _ in range(3):
        round_of(verifier)
    still.now += WITHIN + 0.1
    for _ in range(3):
        with pytest.raises(Unreachable, match="revoked is not known"):
            present(verifier, stolen)
    issuer.script.answers[FEED] = told(MARK)
    round_of(verifier)
    with pytest.raises(InvalidToken, match="revoked"):
        present(verifier, stolen)


def test_a_clock_that_is_set_back_does_not_make_old_news_new(
    issuer: HandMadeIssuer, still: StillWorld, verifier: Verifier
) -> None:
    stolen = token(issuer)
    issuer.script.answers[FEED] = told()
    present(verifier, stolen)
    issuer.script.answers[FEED] = cut
    still.now -= 10
    still.steady += 10 + WITHIN + 0.1
    with pytest.raises(Unreachable):
        present(verifier, stolen)


def test_without_a_word_about_its_ancestry_a_token_cannot_slip_through(
    issuer: HandMadeIssuer, verifier: Verifier
) -> None:
    issuer.script.answers[FEED] = told(MARK)
    for lineage in (None, "", f"{int(NOW)}", f"{int(NOW)} {MARK}x", f"{int(NOW)} {MARK.upper()} "):
        with pytest.raises(InvalidToken):
            present(verifier, issuer.sign(claims(lineage=lineage)))
