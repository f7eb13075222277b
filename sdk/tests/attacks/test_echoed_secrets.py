"""Attack: a server that says back what it was sent, so that it gets into our errors and with them into a log.

Many servers quote the assertion that they refuse, and what is quoted may still be good. A hostile one chooses the
member, and quotes a part.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from time import process_time
from typing import Any

import httpx2
import pytest
from sdk.tests.attacks.test_shown_token import everything_shown
from sdk.tests.support import StillWorld
from sdk.tests.two_servers import OURS, SECRET_THERE, THEIRS, TwoServers, cross, form_of, said

from actas_sdk.echo import answering, holds_piece, repeats
from actas_sdk.errors import ActasError
from actas_sdk.flow import Answer, Ask

Quoted = Callable[[httpx2.Request], str]
THEIR_SECRET = SECRET_THERE.secret

QUOTED: dict[str, Quoted] = {
    "the grant": lambda sent: form_of(sent).get("assertion", form_of(sent).get("subject_token", "")),
    "the end of it": lambda sent: form_of(sent).get("assertion", form_of(sent).get("subject_token", ""))[
        -40:
    ],
    "our header": lambda sent: sent.headers["Authorization"],
    "our secret": lambda sent: base64.b64decode(sent.headers["Authorization"][6:]).decode().partition(":")[2],
}
MEMBERS: dict[str, Callable[[str], Any]] = {
    "description": lambda text: said({"error": "invalid_grant", "error_description": f"bad: {text}."}, 400),
    "code": lambda text: said({"error": text[-100:].replace("=", "").replace(" ", "")}, 400),
    "reason": lambda text: said(
        {"error": "invalid_grant", "error_uri": f"https://x.example/#{text[-100:]}"}, 400
    ),
    "ways": lambda text: said({"error": "insufficient_user_authentication", "acr_values": text}, 400),
    "entry": lambda text: said({"error": "invalid_grant"}, 400, **{"Actas-Entry": text[-100:]}),
    "entry of an outage": lambda text: said({}, 500, **{"Actas-Entry": text[-100:]}),
    "scope": lambda text: said(
        {"access_token": "t", "token_type": "Bearer", "scope": text[-100:].replace("Basic ", "")}
    ),
}


@pytest.mark.parametrize("where", [OURS, THEIRS])
@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("what", QUOTED)
def test_what_a_server_says_back_is_in_no_error(
    still: StillWorld, where: str, member: str, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    servers = TwoServers(still)
    servers.settings["client_secret"] = "canary-of-our-own-server"
    quoted: list[str] = []

    def echo(request: httpx2.Request) -> httpx2.Response:
        quoted.append(QUOTED[what](request))
        answer: httpx2.Response = MEMBERS[member](quoted[-1])
        return answer

    servers.script.answers[where] = echo
    with pytest.raises(ActasError) as raised:
        cross(servers.client("blocking"), "canary-of-alice-id-token-that-is-long")

    shown = everything_shown(raised.value.with_traceback(None)) + caplog.text
    assert quoted[-1]
    for secret in (quoted[-1], quoted[-1][-20:], THEIR_SECRET, "canary"):
        assert secret not in shown


def test_what_a_server_says_of_its_own_is_shown(still: StillWorld) -> None:
    servers = TwoServers(still)
    servers.script.answers[THEIRS] = said({"error": "invalid_grant", "error_description": "used before"}, 400)
    with pytest.raises(ActasError, match="invalid_grant: used before"):
        cross(servers.client("blocking"))


def test_what_a_server_says_with_the_name_of_our_client_is_shown(still: StillWorld) -> None:
    servers = TwoServers(still)
    servers.settings["client_id"] = "tickets-frontend"
    sentence = "tickets-frontend may not exchange this"
    servers.script.answers[OURS] = said({"error": "access_denied", "error_description": sentence}, 400)
    with pytest.raises(ActasError, match=sentence):
        cross(servers.client("blocking"), "canary-of-alice-id-token-that-is-long")


def test_scopes_called_by_our_client_are_granted() -> None:
    pair = base64.b64encode(b"tickets-frontend:only-for-there").decode()
    answer = answer_to({"Authorization": f"Basic {pair}"})
    assert not holds_piece("tickets-frontend/read tickets-frontend:write", answer)
    assert holds_piece("tickets-frontend:only-for-there", answer)
    assert holds_piece("only-for-there", answer)


def test_a_short_secret_is_told_by_what_is_before_it() -> None:
    answer = answer_to({"Authorization": "Basic " + base64.b64encode(b"tickets-frontend:s3cr3t").decode()})
    assert repeats("you sent tickets-frontend:s3cr3t.", answer)


def test_a_long_answer_is_compared_with_a_long_secret_once() -> None:
    """A hostile server lists scopes that are almost in what it was sent, which an event loop must not wait for."""
    token = ("a" * 6 + "c" + "a" * 5) * 20_000
    answer = answer_to({}, b"assertion=" + token.encode())
    begun = process_time()
    assert not holds_piece(("a" * 6 + "b" + "a" * 5) * 680, answer)
    assert process_time() - begun < 2  # comparing each piece with all of it takes several times as long


def answer_to(headers: dict[str, str], body: bytes | None = None) -> Answer:
    ask = Ask(method="POST", url=THEIRS, headers=headers, body=body, largest=1, within=1.0)
    answer = answering(ask, Answer(url=THEIRS, status=200, headers={}, body=None))
    assert isinstance(answer, Answer)
    return answer
