"""What came of a grant that was redeemed for a client is explained from either of its two entries."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.fakes.company import TICKETS, TICKETS_API
from tests.fakes.crossing import APPS
from tests.fakes.house import PEOPLE, House
from tests.fakes.redeeming import answered, not_handed_on, standing_in, wish
from tests.spec.test_identity_chaining_for_clients import PLAIN, wish_plain

from actas.admin.explanation import Explanation
from actas.admin.rehearsal import NotExplainable
from actas.cli.entries import drawn
from actas.cli.explaining import Past
from actas.cli.recorded import chain_of_event
from actas.cli.sentence import sentence
from actas.core.naming import Called, SubjectId
from actas.core.ports import FetchFailed


def house(**changes: Any) -> House:
    return House(clients=APPS, people=PEOPLE, connections=[standing_in(**changes)])


def told(it: House, event: dict[str, Any]) -> tuple[Explanation, Past]:
    found = it.rehearsal().of_event(event)
    return found, Past.of(event, entry=event["id"], policy=found.policy, broken=None)


@pytest.mark.requirement("SEC-45", "IDC-58")
@pytest.mark.parametrize("kind", ["id_jag", "jwt"])
async def test_both_entries_of_a_token_that_was_handed_on_are_decided_again_as_it_was(kind: str) -> None:
    it = house(**(PLAIN if kind == "jwt" else {}))
    await it.post(wish_plain(it) if kind == "jwt" else wish(it))
    given, after = it.writer.events
    assert (given["event"], after["event"]) == ("exchange:granted", "abroad:granted")
    for event in (given, after):
        found, past = told(it, event)
        assert (found.granted, found.reason) == (True, None)
        assert (found.kind, found.scopes) == (event["kind"], ("tickets:read",))
        assert (past.granted, past.what) == (True, f"{event['kind']}: tickets:read")
        assert not past.differs(found)
        assert "by the connection web-to-tickets" in found.stages[0].text


@pytest.mark.requirement("SEC-45", "IDC-60")
@pytest.mark.parametrize(
    ("answer", "error", "reason", "said"),
    [
        (
            answered({"error": "invalid_grant"}, 400),
            "invalid_target",
            "refused_there",
            "answered invalid_grant",
        ),
        (
            answered({"error": "invalid_scope"}, 400),
            "invalid_scope",
            "refused_there",
            "answered invalid_scope",
        ),
        (
            answered({"error": "invalid_client"}, 401),
            "server_error",
            "not_known_there",
            "invalid_client (401)",
        ),
        (answered(b"<html>"), "server_error", "bad_answer_there", "no JSON object"),
        (answered(b"", 503), "temporarily_unavailable", "upstream_down", "does not answer"),
        (FetchFailed("nothing listens"), "temporarily_unavailable", "upstream_down", "is not known"),
    ],
)
async def test_a_refusal_there_is_told_as_it_was_after_everything_here_was_allowed(
    answer: Any, error: str, reason: str, said: str
) -> None:
    it = house()
    it.there.answer = answer
    await not_handed_on(it)
    given, after = it.writer.events
    found, past = told(it, after)
    assert (found.granted, found.error, found.reason) == (False, error, reason)
    assert said in found.detail
    assert [one.passed for one in found.stages] == [True] * (len(found.stages) - 1) + [False]
    assert found.stages[-1].text == found.detail
    assert (past.granted, past.what) == (False, f"{error}, {reason}")
    assert not past.differs(found)
    # The grant was given all the same, and its entry says so.
    found, past = told(it, given)
    assert (found.granted, past.granted) == (True, True)


@pytest.mark.requirement("SEC-45")
@pytest.mark.parametrize("gone", ["connection_paused", "revoked"])
async def test_what_did_not_hold_any_more_when_the_answer_came_is_told_as_that(gone: Any) -> None:
    it = house()
    it.there.meanwhile = lambda: it.there.end(gone)
    await not_handed_on(it)
    found, past = told(it, it.writer.events[-1])
    assert (found.granted, found.reason, past.reason) == (False, gone, gone)
    assert found.stages[-1].text == "while the other server was asked"


@pytest.mark.requirement("SEC-45")
async def test_a_server_that_was_not_asked_is_the_last_stage_of_an_attempt() -> None:
    it = house()
    it.there.says = FetchFailed("nothing listens")
    await it.turned_away(wish(it))
    event = it.writer.events[-1]
    assert event["event"] == "exchange:refused"
    found, _ = told(it, event)
    assert (found.granted, found.reason, found.stages[-1].passed) == (False, "upstream_down", False)
    assert all(one.passed for one in found.stages[:-1])


@pytest.mark.requirement("SEC-45")
@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"scope": "tickets:burn"}, "excess"),
        ({"audience": TICKETS, "resource": None, "scope": "tickets:burn"}, "excess"),
    ],
)
async def test_what_is_refused_here_is_explained_as_any_refusal(asked: dict[str, Any], reason: str) -> None:
    it = house()
    refused = await it.turned_away(wish(it, **asked))
    found, _ = told(it, it.writer.events[-1])
    assert (found.granted, found.error, found.reason) == (False, refused.code, reason)


async def test_an_entry_of_a_connection_that_leads_elsewhere_now_is_not_made_up() -> None:
    it = house()
    await it.post(wish(it))
    for event in it.writer.events:
        with pytest.raises(NotExplainable, match=f"no longer has the resource {TICKETS_API}"):
            house(resources=("https://files.tickets.example",)).rehearsal().of_event(event)
        with pytest.raises(NotExplainable, match="a connection that was asked for no longer exists"):
            House(clients=APPS, people=PEOPLE).rehearsal().of_event(event)


async def test_both_entries_are_drawn_with_what_came_of_them() -> None:
    it = house()
    await it.post(wish(it))
    for event in it.writer.events:
        chain = chain_of_event(event)
        assert chain is not None
        assert (chain.outcome, chain.scopes, chain.targets) == ("granted", ("tickets:read",), (TICKETS_API,))
        assert "auth.tickets.example" in drawn(event, ascii=False)
    assert said(it) == (
        "web may use tickets:read at api, acting for alice, by a token of auth.tickets.example."
    )
    it.there.answer = answered({"error": "invalid_grant"}, 400)
    await not_handed_on(it)
    assert said(it) == (
        "web may not use tickets:read at api, acting for alice, by a token of auth.tickets.example."
    )


def said(it: House) -> str:
    chain = chain_of_event(it.writer.events[-1])
    assert chain is not None
    return sentence(chain)


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize(
    "way",
    [
        {"identify_by": "email"},
        {"aud_sub": Called(known_as="tickets")},
        {"sub_id": SubjectId(format="email")},
        {"sub_id": SubjectId(format="opaque", who=Called(known_as="hr"))},
    ],
    ids=["address", "aud_sub", "sub_id of an address", "sub_id"],
)
async def test_somebody_without_a_name_there_is_the_targets_fault_and_explained(way: dict[str, Any]) -> None:
    nameless = [structs.replace(one, email=None) for one in PEOPLE]
    it = House(clients=APPS, people=nameless, connections=[standing_in(**way)])
    refused = await it.turned_away(wish(it))
    assert (refused.code, refused.reason) == ("invalid_target", "person_not_nameable")
    assert it.there.sent == []
    found, _ = told(it, it.writer.events[-1])
    assert (found.granted, found.error, found.reason) == (False, "invalid_target", "person_not_nameable")
