"""A grant for another domain is told in the log as it was, and is put before the policy again from there."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.fakes.company import ISSUER, NOW, TICKETS, TICKETS_API, connection, signing_in
from tests.fakes.house import CLIENTS, PEOPLE, House
from tests.fakes.impersonating import house_of, own_token

from actas.admin.explanation import Explanation
from actas.admin.rehearsal import NotExplainable
from actas.audit.query import matches, read_query, terms_of
from actas.cli.entries import drawn
from actas.cli.recorded import chain_of_event
from actas.cli.sentence import sentence
from actas.core.errors import OAuthError
from actas.core.party import PresentedToken
from actas.core.permit import ExchangeRequest
from actas.core.secret import Secret
from actas.core.wire import ID_JAG, ID_TOKEN, TOKEN_EXCHANGE
from actas.policy.connections import Connection
from actas.policy.impersonation import Impersonating, Terms

FILES_API = "https://files.tickets.example"
BOTH = (TICKETS_API, FILES_API)


def connected(*connections: Connection, client: str = "web", people: Any = PEOPLE) -> House:
    """A house whose people sign in to ``client``, which these connections are of."""
    clients = [signing_in(one) if one.name == client else one for one in CLIENTS]
    return House(clients=clients, people=people, connections=connections)


async def asked(
    house: House, *, client: str = "web", claims: dict[str, Any] | None = None, **parameters: Any
) -> dict[str, Any]:
    """Ask for a grant, and return the entry of it."""
    shown: dict[str, Any] = {"aud": client, **(claims or {})}
    form = house.form(client, house.our_id_token(**shown), **{
        "subject_token_type": str(ID_TOKEN),
        "requested_token_type": str(ID_JAG),
        "audience": TICKETS,
        "scope": "tickets:read",
        **parameters,
    })  # fmt: skip
    try:
        await house.post(form)
    except OAuthError:
        assert house.writer.events[-1]["outcome"] == "refused"
    return dict(house.writer.events[-1])


def abroad(**changes: Any) -> dict[str, Any]:
    there = {"connection": "web-to-tickets", "issuer": TICKETS, "client_id": "acme-web"}
    return {**there, "resources": [TICKETS_API], **changes}


@pytest.mark.requirement("IDC-58")
async def test_the_entry_of_a_grant_says_where_it_leads_and_by_which_name_the_client_is_known_there() -> None:
    house = connected(connection())
    event = await asked(house)
    assert (event["outcome"], event["kind"]) == ("granted", "cross_app")
    assert event["abroad"] == abroad()
    assert event["given"]["jti"]
    assert event["given"]["audience"] == [TICKETS]


@pytest.mark.requirement("SEC-45")
@pytest.mark.parametrize(
    ("changes", "parameters", "reason"),
    [
        ({"paused": True}, {}, "connection_paused"),
        ({"max_age": 60}, {}, "sign_in_again"),
        ({"acr": ("mfa",)}, {}, "sign_in_again"),
        ({}, {"scope": "tickets:delete"}, "excess"),
        ({"resources": BOTH}, {"resource": FILES_API, "scope": "tickets:delete"}, "excess"),
        ({"when": ("subject.id == 'actas:bob'",)}, {}, "no_rule"),
    ],
)
async def test_a_refusal_says_so_too_and_is_explained_as_it_was_decided(
    changes: dict[str, Any], parameters: dict[str, Any], reason: str
) -> None:
    house = connected(connection(**changes))
    event = await asked(house, claims={"auth_time": NOW - 120, "acr": "pwd"}, **parameters)
    assert (event["outcome"], event["reason"]) == ("refused", reason)
    resources = [parameters["resource"]] if "resource" in parameters else [TICKETS_API]
    assert event["abroad"] == abroad(resources=resources)
    told = house.rehearsal().of_event(event)
    assert (told.granted, told.reason, told.detail) == (False, reason, event["detail"])
    assert told.proposal is not None
    (target,) = told.proposal.targets
    assert target.abroad is not None
    assert target.abroad.resources == tuple(resources)


@pytest.mark.parametrize(
    "changes", [{"max_age": 60}, {"acr": ("mfa",)}, {"max_age": 60, "acr": ("mfa", "hwk")}]
)
async def test_a_grant_for_which_somebody_had_to_sign_in_well_is_explained_as_granted(changes: Any) -> None:
    house = connected(connection(**changes))
    event = await asked(house, claims={"auth_time": NOW - 30, "acr": "mfa"})
    assert event["outcome"] == "granted"
    told = house.rehearsal().of_event(event)
    assert (told.granted, told.kind, told.scopes) == (True, "cross_app", ("tickets:read",))
    assert "by the connection web-to-tickets" in told.stages[0].text


async def test_without_connections_the_log_keeps_nothing_of_a_sign_in_that_nobody_asks_about() -> None:
    house = House()
    await house.ask("orders", house.our_token(auth_time=NOW), audience="inventory", scope="stock:read")
    assert "claims" not in house.writer.events[-1]["subject"]


@pytest.mark.parametrize("terms", [{"max_age": 60}, {"acr": (frozenset({"mfa"}),)}])
@pytest.mark.parametrize(("ago", "acr", "reason"), [(30, "mfa", None), (120, "pwd", "sign_in_again")])
async def test_the_sign_in_of_an_administrator_is_in_the_entry_that_it_decided(
    terms: dict[str, Any], ago: int, acr: str, reason: str | None
) -> None:
    house = house_of(impersonating=Impersonating(terms=Terms(**terms)))
    form = {
        **own_token(house),
        "subject_token": house.id_token("dana", auth_time=NOW - ago, acr=acr, groups=["support-leads"]),
    }
    if reason is None:
        await house.post(form)
    else:
        assert (await house.turned_away(form)).reason == reason
    told = house.rehearsal().of_event(house.writer.events[-1])
    assert (told.granted, told.reason) == (reason is None, reason)


async def test_a_refusal_that_no_rule_made_is_told_as_it_was() -> None:
    house = connected(
        connection(identify_by="email"), people=[structs.replace(one, email=None) for one in PEOPLE]
    )
    event = await asked(house)
    assert event["reason"] == "person_not_nameable"
    told = house.rehearsal().of_event(event)
    assert (told.granted, told.reason, told.stages[-1].passed) == (False, "person_not_nameable", False)


async def test_what_a_connection_has_no_more_cannot_be_asked_again() -> None:
    event = await asked(connected(connection(resources=BOTH)), resource=FILES_API)
    with pytest.raises(NotExplainable, match=f"no longer has the resource {FILES_API}"):
        connected(connection()).rehearsal().of_event(event)
    with pytest.raises(NotExplainable, match="a connection that was asked for no longer exists"):
        connected().rehearsal().of_event(event)


async def test_a_request_that_named_no_resource_is_for_what_there_is_now() -> None:
    event = await asked(connected(connection(resources=BOTH)))
    assert event["abroad"]["resources"] == [*BOTH]
    told = connected(connection()).rehearsal().of_event(event)
    assert told.granted
    assert told.proposal is not None
    assert told.proposal.targets[0].abroad == connection().to


async def test_entries_are_found_by_their_connection_and_by_the_grant() -> None:
    house = connected(connection())
    event = await asked(house)
    assert ("connection", "web-to-tickets") in terms_of(event)
    for query in ("connection:web-to-tickets", "connection:web*", f"jti:{event['given']['jti']}"):
        assert matches(read_query(query), event), query
    assert not matches(read_query("connection:other"), event)


async def test_an_entry_is_drawn_with_the_server_that_decides_next_and_said_in_a_sentence() -> None:
    house = connected(connection(client="assistant", name="bot"), client="assistant")
    event = await asked(house, client="assistant")
    assert drawn(event, ascii=False) == (
        "● alice ━━ ⬢ assistant ══ ◆ auth.tickets.example ══ ▭ api     tickets:read"
    )
    chain = chain_of_event(event)
    assert chain is not None
    assert sentence(chain) == "assistant may tell auth.tickets.example that it asks for alice: tickets:read."
    paused = connected(connection(paused=True))
    chain = chain_of_event(await asked(paused))
    assert chain is not None
    assert sentence(chain) == "web may not tell auth.tickets.example that it asks for alice: tickets:read."


# What was not asked yet.


async def rehearsed(house: House, *, audience: str = TICKETS) -> Explanation:
    token = PresentedToken(ID_TOKEN, Secret(house.our_id_token(aud="web")), "subject")
    request = ExchangeRequest(
        grant_type=TOKEN_EXCHANGE,
        subject=token,
        requested=ID_JAG,
        audience=(audience,),
        scope=frozenset({"tickets:read"}),
    )
    return await house.rehearsal().of_request("web", request)


async def test_a_grant_that_was_not_asked_for_yet_is_rehearsed() -> None:
    told = await rehearsed(connected(connection()))
    assert (told.granted, told.kind) == (True, "cross_app")
    assert told.stages[0].text == f"web (app) may ask for {TICKETS}, by the connection web-to-tickets"
    assert ISSUER not in told.stages[0].text
    paused = await rehearsed(connected(connection(paused=True)))
    assert (paused.reason, paused.stages[0].text) == (
        "connection_paused",
        "the connection web-to-tickets is paused",
    )
    unknown = await rehearsed(connected(connection()), audience="https://auth.ticket.example")
    assert (unknown.reason, unknown.stages[0].passed, unknown.stages[1].passed) == (
        "no_connection",
        False,
        None,
    )
