"""Tokens that are no JWTs: what is asked about them, what is believed of the answer, and for how long."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sdk.tests.support import (
    ISSUER,
    METADATA,
    NOW,
    ORDERS,
    HandMadeIssuer,
    StillWorld,
    claims,
    present,
    segment,
)

from actas_sdk import InvalidToken, Misconfigured, MissingScope, Unreachable, Workload, sync
from actas_sdk.errors import BadAnswer
from actas_sdk.introspecting import Answers
from actas_sdk.revoked import Instant

ENDPOINT = f"{ISSUER}/introspect"
OPAQUE = "actas_ref_A-1_x"
ME: Any = {"client_id": "orders", "client_secret": "s"}


def active(**changed: Any) -> dict[str, Any]:
    """What a server says of a good token of alice's, through assistant. None leaves a member out."""
    said = {"active": True, "token_type": "Bearer", **claims()}
    return {name: value for name, value in (said | changed).items() if value is not None}


class Asked:
    """A verifier of orders, and what the server answers it."""

    def __init__(self, issuer: HandMadeIssuer, still: StillWorld, **more: Any) -> None:
        self.issuer = issuer
        self.still = still
        described = {**METADATA, "introspection_endpoint": ENDPOINT}
        self.issuer.script.answers[f"{ISSUER}/.well-known/oauth-authorization-server"] = httpx2.Response(
            200, json=described
        )
        self.says(active())
        self.verifier = issuer.verifier(still, **{"introspection": True, **ME, **more})

    def says(self, document: Any, status: int = 200) -> None:
        self.issuer.script.answers[ENDPOINT] = httpx2.Response(status, json=document)

    @property
    def times(self) -> int:
        return self.issuer.script.asked(ENDPOINT)

    def check(self, token: str = OPAQUE, *scopes: str) -> Any:
        return present(self.verifier, token, *scopes)


@pytest.fixture
def asked(issuer: HandMadeIssuer, still: StillWorld) -> Asked:
    return Asked(issuer, still)


def test_the_server_says_who_is_calling(asked: Asked) -> None:
    caller = asked.check(OPAQUE, "orders:read")
    assert (caller.subject.id, caller.actor.id, caller.client_id) == (
        "alice@acme.example",
        "assistant",
        "assistant",
    )
    assert caller.token.reveal() == OPAQUE
    assert caller.token.expires_at == NOW + 120
    request = asked.issuer.script.seen[-1]
    assert request.headers["authorization"].startswith("Basic ")
    assert request.content == b"token=actas_ref_A-1_x&token_type_hint=access_token"
    with pytest.raises(MissingScope):
        asked.check(OPAQUE, "orders:admin")


def test_a_jwt_is_checked_here_and_not_asked_about(asked: Asked) -> None:
    asked.check(asked.issuer.sign(claims()))
    assert asked.times == 0
    forged = asked.issuer.sign(claims()).rpartition(".")[0] + "." + segment(b"x" * 64)
    with pytest.raises(InvalidToken, match="signature"):
        asked.check(forged)
    assert asked.times == 0


def test_without_introspection_nothing_is_asked(issuer: HandMadeIssuer, still: StillWorld) -> None:
    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), OPAQUE)
    assert issuer.script.seen == []


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": None},
        {"aud": "https://inventory.acme.example"},
        {"aud": []},
        {"iss": "https://other.example"},
        {"iss": 1},
        {"exp": None},
        {"exp": NOW},
        {"exp": "soon"},
        {"nbf": NOW + 60},
        {"iat": NOW + 60},
        {"sub": None},
        {"act": "assistant"},
        {"token_type": "N_A"},  # a refresh token: it is active, for its client at the server
        {"token_type": "mac"},
        {"token_type": 1},
        {"token_type": "dpop"},  # bound, and nobody says to which key
        {"scope": ["orders:read"]},
        {"token_type": "DPoP"},
        {"cnf": {"jwk": {}}},
        {"cnf": {"jkt": "x" * 43}},
    ],
)
def test_an_active_token_that_is_not_for_here_and_now_is_refused(
    asked: Asked, changed: dict[str, Any]
) -> None:
    asked.says(active(**changed))
    with pytest.raises(InvalidToken):
        asked.check()


def test_what_a_server_need_not_say_is_not_missed(asked: Asked) -> None:
    asked.says(active(iss=None, iat=None, token_type=None, jti=None, aud=["x", ORDERS]))
    assert asked.check().subject.id == "alice@acme.example"


def test_a_token_that_is_not_active_is_refused_and_a_loop_asks_once_a_second(asked: Asked) -> None:
    asked.says({"active": False})
    for _ in range(5):
        with pytest.raises(InvalidToken, match="not active, or not for orders to know of"):
            asked.check()
    assert asked.times == 1
    asked.still.now += 1.1
    asked.says(active())
    asked.check()


@pytest.mark.parametrize("token", ["ü", "a b", "a\nb", "", "x" * 100_000, "a,b", "a;b", 'a"b'])
def test_what_could_be_no_token_is_not_asked_about(asked: Asked, token: str) -> None:
    with pytest.raises(InvalidToken):
        asked.verifier.check_token(token)
    assert asked.times == 0


def test_an_answer_is_believed_for_three_seconds_and_no_longer_than_the_token_lives(asked: Asked) -> None:
    asked.check()
    asked.still.now += 2.9
    asked.check()
    assert asked.times == 1
    asked.still.now += 0.1
    asked.check()
    assert asked.times == 2

    asked.says(active(exp=int(asked.still.now) + 4))
    asked.still.now += 3
    asked.check()
    asked.still.now += 1.5
    with pytest.raises(InvalidToken, match="exp has passed"):
        asked.check()
    assert asked.times == 3


def test_a_clock_that_was_set_keeps_nothing_alive(asked: Asked) -> None:
    asked.check()
    asked.still.now -= 10
    asked.still.steady += 10
    asked.check()
    assert asked.times == 2
    asked.still.steady += 3
    asked.check()
    assert asked.times == 3


def test_an_answer_is_for_its_token_alone(asked: Asked) -> None:
    asked.check()
    asked.says({"active": False})
    with pytest.raises(InvalidToken):
        asked.check(OPAQUE + "y")
    asked.check()


def test_it_may_be_asked_each_time(issuer: HandMadeIssuer, still: StillWorld) -> None:
    asked = Asked(issuer, still, introspection_kept=0)
    asked.check()
    asked.check()
    assert asked.times == 2


def test_while_the_server_does_not_answer_nobody_is_let_in(asked: Asked) -> None:
    asked.check()
    asked.still.now += 3
    for answer in (
        httpx2.Response(503, headers={"Retry-After": "60"}),
        httpx2.Response(500),
        httpx2.ConnectError("down"),
    ):
        asked.issuer.script.answers[ENDPOINT] = answer
        with pytest.raises(Unreachable):
            asked.check()
    asked.says(active())
    asked.check()


def test_what_is_wrong_between_this_service_and_the_server_is_not_the_callers_fault(asked: Asked) -> None:
    asked.says({"error": "invalid_client"}, status=401)
    with pytest.raises(Unreachable, match="does not tell us about tokens: invalid_client"):
        asked.check()


def test_a_service_that_cannot_prove_who_it_is_any_more_lets_nobody_in_and_says_why(
    issuer: HandMadeIssuer, still: StillWorld, tmp_path: Path
) -> None:
    asked = Asked(
        issuer,
        still,
        client_id="",
        client_secret=None,
        credentials=Workload(client_id="orders", path=tmp_path / "token"),
    )
    with pytest.raises(Unreachable, match="does not tell us about tokens: there is no token in"):
        asked.check()
    asked.says({"error": "invalid_request", "error_uri": f"{ISSUER}/errors#expired"}, status=400)
    (tmp_path / "token").write_text(issuer.sign(claims()))
    with pytest.raises(Unreachable, match="does not tell us about tokens"):
        asked.check()


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200, json={}),
        httpx2.Response(200, json={"active": "true"}),
        httpx2.Response(200, json=[]),
        httpx2.Response(
            200, text='{"active": true, "active": false}', headers={"Content-Type": "application/json"}
        ),
        httpx2.Response(200, text=json.dumps(active()), headers={"Content-Type": "text/html"}),
        httpx2.Response(302, headers={"Location": "https://elsewhere.example"}),
    ],
)
def test_an_answer_that_is_none_lets_nobody_in(asked: Asked, answer: httpx2.Response) -> None:
    asked.issuer.script.answers[ENDPOINT] = answer
    with pytest.raises(BadAnswer):
        asked.check()


def test_a_server_that_answers_nobody_about_tokens_is_said(issuer: HandMadeIssuer, still: StillWorld) -> None:
    with pytest.raises(BadAnswer, match="no introspection_endpoint"):
        present(issuer.verifier(still, introspection=True, **ME), OPAQUE)


# Signed answers.


def signed(asked: Asked, said: Any = ..., *, typ: str = "token-introspection+jwt", **changed: Any) -> None:
    body = {
        "iss": ISSUER,
        "aud": "orders",
        "iat": int(asked.still.now),
        "token_introspection": active() if said is ... else said,
        **changed,
    }
    jws = asked.issuer.sign({name: value for name, value in body.items() if value is not None}, typ=typ)
    asked.issuer.script.answers[ENDPOINT] = httpx2.Response(
        200, text=jws, headers={"Content-Type": "application/token-introspection+jwt"}
    )


@pytest.fixture
def signing(issuer: HandMadeIssuer, still: StillWorld) -> Asked:
    return Asked(issuer, still, introspection="signed")


def test_a_signed_answer_is_believed(signing: Asked) -> None:
    signed(signing)
    assert signing.check().subject.id == "alice@acme.example"
    asked = [each for each in signing.issuer.script.seen if str(each.url) == ENDPOINT]
    assert asked[0].headers["accept"] == "application/token-introspection+jwt"
    signed(signing, {"active": False})
    with pytest.raises(InvalidToken):
        signing.check("another")


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"aud": "inventory"},
        {"aud": ["orders", "inventory"]},
        {"iat": None},
        {"iat": int(NOW) - 61},
        {"iat": int(NOW) + 31},
        {"sub": "alice@acme.example"},
        {"exp": int(NOW) + 60},
        {"token_introspection": None},
        {"token_introspection": "x"},
        {"typ": "at+jwt"},
        {"typ": "JWT"},
    ],
)
def test_a_signed_answer_for_others_of_before_or_of_another_kind_is_none(
    signing: Asked, changed: dict[str, Any]
) -> None:
    signed(signing, **changed)
    with pytest.raises(BadAnswer, match="does not hold"):
        signing.check()


def test_an_answer_that_others_signed_or_nobody_is_none(signing: Asked, still: StillWorld) -> None:
    mine = signing.issuer.key
    signing.issuer.key = HandMadeIssuer().key
    signed(signing)
    signing.issuer.key = mine
    with pytest.raises(BadAnswer, match="signature"):
        signing.check()
    signing.says(active())
    with pytest.raises(BadAnswer, match="signed answer, which was asked for"):
        signing.check()


# What is kept is bounded.


def test_no_more_answers_are_kept_than_fit() -> None:
    answers = Answers(most=3, kept=5)
    at = Instant(NOW, 0)
    for number in range(10):
        answers.keep(bytes([number]), {}, at=at)
    assert len(answers) == 3
    assert answers.find(bytes([9]), now=at) is not None
    assert answers.find(bytes([0]), now=at) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"introspection": True}, "client id"),
        ({"introspection": True, "introspection_kept": 5.1, **ME}, "0 to 5 s"),
        ({"introspection": True, "introspection_kept": -1, **ME}, "0 to 5 s"),
        ({"introspection": True, "introspection_kept": float("nan"), **ME}, "0 to 5 s"),
    ],
)
def test_what_cannot_work_is_said_at_once(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        sync.Verifier(ISSUER, audience=ORDERS, **arguments)


def test_a_verifier_that_asks_nobody_says_what_takes_a_reference(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    with pytest.raises(InvalidToken) as refused:
        present(issuer.verifier(still), OPAQUE)
    assert "introspection=True" in str(refused.value.detail)
