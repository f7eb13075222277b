"""Authorization details are asked for with a grant, and read from what came of it, in both clients."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sdk.tests.support import ISSUER, StillWorld
from sdk.tests.two_servers import DETAILS, OURS, THEIRS, THERE, TwoServers, cross, grant

from actas_sdk import BadAnswer, Misconfigured
from actas_sdk.mcp import grant_source

both = pytest.mark.parametrize("kind", ["async", "blocking"])
READ: dict[str, Any] = {"type": "ticket_access", "actions": ["read"]}
FILLED: dict[str, Any] = {**READ, "project": "support"}


@pytest.fixture
def servers(still: StillWorld) -> TwoServers:
    return TwoServers(still)


@both
def test_what_was_granted_of_them_is_said_by_grant_and_token(servers: TwoServers, kind: str) -> None:
    client = servers.client(kind)
    assert grant(client, authorization_details=[READ]).authorization_details == (READ,)
    assert cross(client, authorization_details=[READ]).authorization_details == (READ,)
    sent = [json.loads(form[DETAILS]) for form in servers.forms(OURS)]
    assert sent == [[READ], [READ]]
    assert all(DETAILS not in form for form in servers.forms(THEIRS))

    servers.changed = {DETAILS: [FILLED]}
    servers.told[OURS] = {DETAILS: [FILLED]}
    assert grant(client, authorization_details=[READ]).authorization_details == (FILLED,)
    other = cross(client, authorization_details=[READ, READ])
    assert other.authorization_details == (FILLED,)


@both
def test_without_any_none_are_asked_for(servers: TwoServers, kind: str) -> None:
    client = servers.client(kind)
    assert cross(client).authorization_details == grant(client).authorization_details == ()
    assert all(DETAILS not in form for form in servers.forms(OURS))


@both
def test_a_token_for_other_details_is_another_token(servers: TwoServers, kind: str) -> None:
    client = servers.client(kind)
    wanted: list[list[dict[str, Any]]] = [[], [READ], [FILLED], [READ, FILLED]]
    got = [cross(client, authorization_details=one).reveal() for one in wanted]
    assert got == ["t1", "t2", "t3", "t4"]
    turned = {"actions": ["read"], "type": "ticket_access"}
    assert cross(client, authorization_details=[turned]).reveal() == "t2"


@both
def test_a_grant_that_says_none_is_not_given_out(servers: TwoServers, kind: str) -> None:
    client = servers.client(kind)
    servers.changed = {DETAILS: None}
    for ask in (grant, cross):
        with pytest.raises(BadAnswer, match="says none") as bad:
            ask(client, authorization_details=[READ])
        assert bad.value.server == ISSUER
    assert servers.script.asked(THEIRS) == 0


@both
def test_a_token_that_says_nothing_of_them_may_be_for_more(servers: TwoServers, kind: str) -> None:
    client = servers.client(kind)
    servers.told[THEIRS] = {DETAILS: None}
    with pytest.raises(BadAnswer, match="without the authorization_details") as bad:
        cross(client, authorization_details=[READ])
    assert bad.value.server == THERE
    assert cross(client).reveal()


@pytest.mark.parametrize("wrong", [[], {}, "x", [1], [{"actions": []}], [{"type": 7}], [{"type": ""}]])
@pytest.mark.parametrize("url", [OURS, THEIRS])
def test_an_answer_that_says_them_in_another_form_is_bad(servers: TwoServers, url: str, wrong: Any) -> None:
    servers.told[url] = {DETAILS: wrong}
    with pytest.raises(BadAnswer, match=DETAILS):
        cross(servers.client("blocking"), authorization_details=[READ])


def test_what_repeats_a_grant_is_not_shown_as_details(servers: TwoServers) -> None:
    redeem = servers.redeem

    def repeating(request: Any) -> Any:
        servers.told[THEIRS] = {DETAILS: [{"type": "x", "of": request.content.decode()[-40:]}]}
        return redeem(request)

    servers.script.answers[THEIRS] = repeating
    with pytest.raises(BadAnswer, match="repeats what is secret"):
        cross(servers.client("blocking"), authorization_details=[READ])


class Odd:
    """Nothing that JSON can say."""


@both
@pytest.mark.parametrize(
    "wrong",
    [
        READ,
        "[{}]",
        [READ, {}],
        [{"type": ""}],
        [{"type": 7}],
        [{"type": "x", "much": float("nan")}],
        [{"type": "x", "odd": Odd()}],
        [{"type": "x", "half": "\ud800"}],
        ["type"],
    ],
)
def test_what_cannot_be_said_is_said_before_anything_is_sent(
    servers: TwoServers, kind: str, wrong: Any
) -> None:
    client = servers.client(kind)
    for ask in (grant, cross):
        with pytest.raises(Misconfigured, match=DETAILS):
            ask(client, authorization_details=wrong)
    assert servers.script.seen == []


@both
def test_a_plain_grant_says_scopes_and_no_details(servers: TwoServers, kind: str) -> None:
    client = servers.client(kind)
    with pytest.raises(Misconfigured, match="plain grant"):
        grant(client, grant="jwt", resource=None, authorization_details=[READ])
    with pytest.raises(Misconfigured, match="plain grant"):
        cross(client, grant="jwt", authorization_details=[READ])
    assert servers.script.seen == []


async def test_a_source_for_the_mcp_sdk_asks_for_them_too(servers: TwoServers) -> None:
    client: Any = servers.client("async")
    source = grant_source(client, "alice", client_id="acme-desk", authorization_details=[READ])
    assert await source(THERE, "https://mcp.tickets.example/mcp")
    assert json.loads(servers.forms(OURS)[0][DETAILS]) == [READ]
    with pytest.raises(Misconfigured, match=DETAILS):
        grant_source(client, "alice", client_id="acme-desk", authorization_details=[{}])
