"""A server at which we redeem grants for clients means ill, or somebody has got in its place.

It has our grant, and what shows who we are. It must get our client to take nothing but a token from it, and get
nothing of its own into our log, our answers or our next request: no more scopes, no refresh token, no text, no
other server's place (JAG-114, SEC-36, SEC-87).
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from msgspec import structs
from tests.fakes.company import TICKETS
from tests.fakes.crossing import APPS
from tests.fakes.house import PEOPLE, House
from tests.fakes.redeeming import CAME, SECRET, TOKEN, answered, handed_on, not_handed_on, standing_in, wish

from actas.core.errors import OAuthError
from actas.core.ports import FetchFailed
from actas.core.secret import Secret
from actas.core.wire import ID_JAG
from actas.kinds.redeeming import RedeemsForClients
from actas.trust.counterpart import NotTheirs
from actas.trust.registry import AsClient
from actas.web.errors import ErrorWriter

ECHO: Final = "<what was sent>"
STEERING: Final = "\x1b[31mrm -rf\x07\u202e\x9b"


def house(**changes: Any) -> House:
    return House(**{"clients": APPS, "people": PEOPLE, "connections": [standing_in()], **changes})


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize(
    "document",
    [
        b"", b"[]", b"<html>", b'{"access_token":"a","access_token":"b","token_type":"Bearer"}',
        {"token_type": "Bearer"},
        {**CAME, "access_token": ""},
        {**CAME, "access_token": "two words"},
        {**CAME, "access_token": "a\r\nSet-Cookie: b"},
        {**CAME, "access_token": "ü"},
        {**CAME, "access_token": ["a"]},
        {**CAME, "access_token": "x" * 40_000},
        {**CAME, "token_type": "N_A"},
        {**CAME, "token_type": "mac"},
        {**CAME, "token_type": None},
        {**CAME, "token_type": 1},
        {**CAME, "issued_token_type": str(ID_JAG)},
        {**CAME, "issued_token_type": None},
        {**CAME, "scope": "tickets:read tickets:burn"},
        {**CAME, "scope": "tickets:comment"},
        {**CAME, "scope": ["tickets:read"]},
        {**CAME, "scope": "tickets:read  tickets:read"},
        {**CAME, "scope": "a\nb"},
        {**CAME, "scope": ""},
        {**CAME, "expires_in": -1},
        {**CAME, "expires_in": 0},
        {**CAME, "expires_in": True},
        {**CAME, "expires_in": "120"},
        {**CAME, "expires_in": 10**12},
    ],
)  # fmt: skip
async def test_what_is_no_token_or_more_than_was_granted_is_not_handed_on(document: Any) -> None:
    it = house()
    it.there.answer = answered(document)
    refused = await not_handed_on(it)
    assert (refused.status, refused.code, refused.reason) == (502, "server_error", "bad_answer_there")
    assert TOKEN not in str(it.writer.lines)


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize("inside", ["{}", "x{}y"])
@pytest.mark.parametrize("of", ["grant", "secret"])
async def test_what_it_was_sent_never_comes_back_to_the_client(inside: str, of: str) -> None:
    it = house(connections=[standing_in()])

    def echo() -> None:
        sent = it.there.grant if of == "grant" else it.there.sent[-1][2]["Authorization"].split(" ")[1]
        it.there.answer = answered({**CAME, "access_token": inside.format(sent)})

    it.there.meanwhile = echo
    refused = await not_handed_on(it)
    assert refused.reason == "bad_answer_there"
    assert it.there.grant not in str(it.writer.lines)


async def test_no_other_member_of_its_answer_is_handed_on_and_the_log_names_them() -> None:
    it = house()
    more = {"refresh_token": "canary-refresh", "id_token": "canary-id", "Evil Name": 1, "x": STEERING}
    it.there.answer = answered({**CAME, **more})
    given = await handed_on(it)
    assert given.body.keys() == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    assert "canary-refresh" not in str(it.writer.lines)
    came = it.writer.events[-1]["redeemed"]["came"]
    assert came["dropped"] == ["id_token", "refresh_token", "x"]


@pytest.mark.requirement("SEC-87")
@pytest.mark.parametrize(
    ("status", "document"), [(400, {"error": "{}"}), (200, {**CAME, "{}": 1}), (400, {"error": "x_{}"})]
)
async def test_a_secret_that_looks_like_a_word_is_no_word_of_its(
    status: int, document: dict[str, Any]
) -> None:
    secret = "correct_horse_battery_staple_canary"
    it = house(connections=[standing_in(ourselves=AsClient(client_id="acme", secret=Secret(secret)))])
    said = {
        name.format(secret): one.format(secret) if isinstance(one, str) else one
        for name, one in document.items()
    }
    it.there.answer = answered(said, status)
    if status == 200:
        await handed_on(it)
    else:
        assert secret not in told(await not_handed_on(it), dev=True)
    assert secret not in str(it.writer.lines)


async def test_what_it_does_not_say_is_what_the_grant_had() -> None:
    it = house()
    it.there.answer = answered({"access_token": TOKEN, "token_type": "BEARER"})
    given = await handed_on(it, scope=None)
    assert given.body == {
        "access_token": TOKEN,
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "scope": "tickets:comment tickets:read",
    }


def told(refused: OAuthError, *, dev: bool = False) -> str:
    """What the caller reads."""
    return json.dumps(ErrorWriter(docs="https://sts.acme.example/errors", issuer="x", dev=dev).body(refused))


@pytest.mark.requirement("IDC-60", "SEC-87")
@pytest.mark.parametrize("dev", [False, True])
async def test_its_words_reach_neither_the_client_nor_the_log_as_they_are(dev: bool) -> None:
    it = house()

    def echo() -> None:
        words = f"{STEERING} canary-text Bearer abcDEF123 {it.there.grant} {SECRET} \n{'z' * 5000}"
        it.there.answer = answered({"error": "invalid_grant", "error_description": words}, 400)

    it.there.meanwhile = echo
    refused = await not_handed_on(it)
    assert "canary-text" not in told(refused, dev=dev)
    line, said = it.writer.lines[-1].decode(), it.writer.events[-1]["redeemed"]["said"]
    assert (said["status"], said["error"]) == (400, "invalid_grant")
    assert said["description"].startswith("?[31mrm -rf??? canary-text")
    assert len(said["description"]) <= 200
    for secret in (SECRET, it.there.grant, it.there.grant[:40], "abcDEF123", "\\u001b", "\x1b"):
        assert secret not in line


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize(
    ("status", "document", "code", "reason"),
    [
        (400, {"error": "invalid_grant"}, "invalid_target", "refused_there"),
        (400, {"error": "access_denied"}, "invalid_target", "refused_there"),
        (400, {"error": "insufficient_user_authentication"}, "invalid_target", "refused_there"),
        (400, {"error": "invalid_scope"}, "invalid_scope", "refused_there"),
        (401, {"error": "invalid_client"}, "server_error", "not_known_there"),
        (400, {"error": "unauthorized_client"}, "server_error", "not_known_there"),
        (401, b"no", "server_error", "not_known_there"),
        (403, {}, "server_error", "not_known_there"),
        (404, {"error": "invalid_grant"}, "server_error", "bad_answer_there"),
        (400, {"error": "Inv\x1balid"}, "server_error", "bad_answer_there"),
        (400, {"error": ["invalid_grant"]}, "server_error", "bad_answer_there"),
        (201, CAME, "server_error", "bad_answer_there"),
        (500, CAME, "temporarily_unavailable", "upstream_down"),
        (503, b"", "temporarily_unavailable", "upstream_down"),
        (429, {"error": "slow_down"}, "temporarily_unavailable", "upstream_down"),
        (400, {"error": "temporarily_unavailable"}, "temporarily_unavailable", "upstream_down"),
    ],
)
async def test_each_refusal_is_an_error_that_says_whose_fault_it_is(
    status: int, document: Any, code: str, reason: str
) -> None:
    it = house()
    it.there.answer = answered(document, status)
    refused = await not_handed_on(it)
    assert (refused.code, refused.reason) == (code, reason)
    assert refused.code not in ("invalid_grant", "invalid_client")
    assert TOKEN not in str(it.writer.lines)


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        (FetchFailed("tickets: no complete answer within 5 seconds"), "upstream_down"),
        (
            FetchFailed("tickets: answered with a redirect (302); none is followed", status=302),
            "bad_answer_there",
        ),
        (FetchFailed("tickets: the answer is longer than 256 KiB", status=200), "bad_answer_there"),
        (FetchFailed("tickets: answered compressed", status=502), "upstream_down"),
    ],
)
async def test_silence_and_answers_that_lead_elsewhere_bring_nothing(
    failed: FetchFailed, reason: str
) -> None:
    it = house()
    it.there.answer = failed
    refused = await not_handed_on(it)
    assert refused.reason == reason
    assert ("is not known" in refused.detail) is (reason == "upstream_down")


@pytest.mark.requirement("IDC-60")
async def test_a_server_that_accepts_no_connection_is_known_to_have_given_nothing() -> None:
    it = house()
    it.there.answer = FetchFailed("tickets: nothing accepts connections at 127.0.0.1 port 1", sent=False)
    refused = await not_handed_on(it)
    assert refused.reason == "upstream_down"
    assert refused.detail.endswith("port 1; the grant was not sent")


@pytest.mark.requirement("JAG-114", "IDC-60")
@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (NotTheirs("it is another issuer's"), "bad_answer_there"),
        (FetchFailed("nothing listens"), "upstream_down"),
        ({"token_endpoint": None}, "bad_answer_there"),
        ({"token_endpoint": "https://evil.example/token"}, "bad_answer_there"),
        ({"token_endpoint": "https://auth.tickets.example:8443/token"}, "bad_answer_there"),
    ],
)
async def test_no_grant_is_made_for_a_server_that_is_not_where_it_should_be(says: Any, reason: str) -> None:
    it = house()
    it.there.says = says
    refused = await it.turned_away(wish(it))
    assert refused.reason == reason
    assert it.writer.events[-1]["event"] == "exchange:refused"
    assert "given" not in it.writer.events[-1]
    assert it.there.sent == []


async def test_its_token_endpoint_is_elsewhere_where_the_connection_lists_that() -> None:
    it = house(connections=[standing_in(hosts=frozenset({"tokens.example"}))])
    it.there.says = {"token_endpoint": "https://tokens.example/token"}
    await handed_on(it)
    assert it.there.sent[-1][0] == "https://tokens.example/token"


@pytest.mark.requirement("IDC-60")
async def test_a_server_that_keeps_failing_is_left_alone_and_tried_by_one() -> None:
    it = house()
    it.there.answer = answered(b"", 503)
    for _ in range(3):
        await not_handed_on(it)
    refused = await it.turned_away(wish(it))  # and no grant was made for it
    assert (refused.reason, refused.status, refused.retry_after) == ("upstream_down", 503, 5)
    assert len(it.there.sent) == 3
    it.clock.advance(6)
    it.there.answer = answered(CAME)
    it.there.meanwhile = lambda: None
    assert (await handed_on(it)).body["access_token"] == TOKEN
    assert (await handed_on(it)).body["access_token"] == TOKEN
    assert it.there.asked == 1


@pytest.mark.requirement("IDC-60", "SEC-23")
@pytest.mark.parametrize("gone", ["connection_paused", "revoked"])
async def test_what_would_not_be_permitted_any_more_is_not_handed_on(gone: Any) -> None:
    it = house()
    it.there.meanwhile = lambda: it.there.end(gone)
    refused = await not_handed_on(it)
    assert refused.reason == gone
    came = it.writer.events[-1]["redeemed"]["came"]
    assert came["digest"] == it.ring.digest(TOKEN)  # it exists, and whoever runs that server finds it


@pytest.mark.requirement("IDC-60", "SEC-23", "SEC-52")
@pytest.mark.parametrize("gone", ["connection_paused", "revoked"])
async def test_no_grant_is_given_by_a_connection_that_was_paused_while_its_server_was_looked_for(
    gone: Any,
) -> None:
    it = house()
    it.there.looked_for = lambda: it.there.end(gone)
    assert (await it.turned_away(wish(it))).reason == gone
    (event,) = it.writer.events
    assert (event["event"], it.there.sent) == ("exchange:refused", [])


@pytest.mark.requirement("IDC-60", "SEC-23", "SEC-52")
async def test_no_grant_is_sent_that_was_stopped_while_it_was_written_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = house()
    redeem = RedeemsForClients.redeem

    async def later(self: RedeemsForClients, *what: Any, **how: Any) -> Any:
        it.there.end("connection_paused")
        return await redeem(self, *what, **how)

    monkeypatch.setattr(RedeemsForClients, "redeem", later)
    assert (await not_handed_on(it)).reason == "connection_paused"
    assert it.there.sent == []


@pytest.mark.requirement("IDC-60", "REL-01", "REL-02")
async def test_no_token_is_handed_on_that_is_not_written_down() -> None:
    it = house()

    def full() -> None:
        it.writer.broken = True

    it.there.meanwhile = full
    with pytest.raises(OAuthError) as caught:
        await handed_on(it)
    assert (caught.value.reason, caught.value.status) == ("audit_unavailable", 503)
    (given,) = it.writer.events
    assert given["event"] == "exchange:granted"
    assert it.writer.out == []  # what became of it is unknown, and the log will say so (REL-03)


@pytest.mark.requirement("IDC-60", "REL-10")
@pytest.mark.parametrize(
    ("document", "status"),
    [({"error": "slow_down"}, 400), (b"", 429), (b"", 503), ({"error": "server_error"}, 500)],
)
async def test_what_it_answers_one_client_closes_it_to_no_other(document: Any, status: int) -> None:
    it = house(connections=[standing_in(), standing_in("helpdesk-to-tickets", client="helpdesk")])
    it.there.answer = answered(document, status)
    for _ in range(3):
        await not_handed_on(it)
    assert (await it.turned_away(wish(it))).reason == "upstream_down"
    it.there.answer = answered(CAME)
    assert (await handed_on(it, who="helpdesk")).body["access_token"] == TOKEN
    assert (await it.turned_away(wish(it))).reason == "upstream_down"


@pytest.mark.requirement("IDC-60", "REL-10")
async def test_who_is_refused_before_a_grant_is_made_keeps_a_server_that_is_well_again_from_nobody() -> None:
    """One client asks about somebody who has no name there, again and again."""
    it = house(
        connections=[standing_in(identify_by="email"), standing_in("helpdesk-to-tickets", client="helpdesk")]
    )
    it.there.answer = FetchFailed("nothing listens")
    for _ in range(3):
        await not_handed_on(it, wish(it, who="helpdesk"))
    it.there.answer = answered(CAME)
    it.clock.advance(6)
    alice = it.catalog.people["actas:alice"]
    it.catalog.people["actas:alice"] = structs.replace(alice, email=None)
    for _ in range(3):
        assert (await it.turned_away(wish(it))).reason == "person_not_nameable"
    assert (await handed_on(it, who="helpdesk")).body["access_token"] == TOKEN


@pytest.mark.requirement("IDC-60")
async def test_a_grant_is_not_sent_where_somebody_else_tries_it_by_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = house()
    it.there.answer = FetchFailed("nothing listens")
    for _ in range(3):
        await not_handed_on(it)
    it.clock.advance(6)
    it.there.answer = answered(CAME)
    redeem = RedeemsForClients.redeem

    async def overtaken(self: RedeemsForClients, *what: Any, **how: Any) -> Any:
        async with self.servers.attempt(TICKETS, by="helpdesk-to-tickets"):
            return await redeem(self, *what, **how)

    monkeypatch.setattr(RedeemsForClients, "redeem", overtaken)
    refused = await not_handed_on(it)
    assert (refused.reason, len(it.there.sent)) == ("upstream_down", 3)
    assert refused.detail.endswith("the grant was not sent")
    monkeypatch.undo()
    assert (await handed_on(it)).body["access_token"] == TOKEN
