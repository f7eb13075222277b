"""What came of plain grants is told as it was, and who may have and redeem them is said before anybody does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.chaining import (
    PARTNER,
    SOLD,
    asking,
    chained,
    chaining,
    given,
    grant,
    held,
    plain,
    redeeming,
)
from tests.fakes.clock import NOON
from tests.fakes.company import APIS, TICKETS
from tests.fakes.configuration import acme, loaded, named
from tests.fakes.house import ISSUER, NOW, House

from actas.admin.explanation import Explanation
from actas.admin.who_can import who_can
from actas.app.compiled import catalog_of
from actas.app.policy_tests import run_policy_tests
from actas.audit.query import matches, read_query
from actas.cli.entries import drawn
from actas.cli.misspelt import ways_of_entry
from actas.core.errors import OAuthError
from actas.core.party import PresentedToken
from actas.core.permit import ExchangeRequest
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN, ID_JAG, JWT, TOKEN_EXCHANGE


async def entry_of(it: House, form: dict[str, Any]) -> dict[str, Any]:
    try:
        await it.post(form)
    except OAuthError:
        assert it.writer.events[-1]["outcome"] == "refused"
    return dict(it.writer.events[-1])


def explained(it: House, event: dict[str, Any]) -> Explanation:
    told = it.rehearsal().of_event(event)
    assert told.granted == (event["outcome"] == "granted"), told
    assert told.reason == event.get("reason")
    return told


@pytest.mark.requirement("SEC-45", "IDC-58")
@pytest.mark.parametrize(
    ("changes", "claims", "asked", "reason"),
    [
        ({}, {}, {}, None),
        ({}, {}, {"audience": None, "resource": TICKETS}, None),
        ({}, {}, {"requested_token_type": None}, None),
        ({"claims": {"dept": "subject.claims.dept"}}, {"dept": "x"}, {}, None),
        ({"claims": {"dept": "subject.claims.dept"}}, {}, {}, "denied_by_rule"),
        ({"paused": True}, {}, {}, "connection_paused"),
        ({"max_age": 60}, {"auth_time": NOW - 90}, {}, "sign_in_again"),
        ({"max_age": 60}, {"auth_time": NOW - 30}, {}, None),
        ({"when": ("has(subject.claims.acr)",)}, {"acr": "mfa"}, {}, None),
        ({"when": ("has(subject.claims.acr)",)}, {}, {}, "no_rule"),
        ({}, {"scope": "orders:read"}, {"scope": "tickets:comment"}, "excess"),
        ({}, {"act": {"iss": ISSUER, "sub": "web"}}, {}, None),
    ],
    ids=repr,
)
async def test_the_entry_of_a_plain_grant_is_decided_again_as_it_was(
    changes: dict[str, Any], claims: dict[str, Any], asked: dict[str, Any], reason: str | None
) -> None:
    it = chaining(plain(**changes))
    event = await entry_of(it, asking(it, held(it, **claims), **asked))
    assert event.get("reason") == reason
    assert event["abroad"]["grant"] == "jwt"
    told = explained(it, event)
    assert (told.kind if reason is None else "chaining") == "chaining"
    assert matches(read_query("connection:web-to-tickets"), event)
    assert "auth.tickets.example" in drawn(event, ascii=False)


@pytest.mark.requirement("SEC-45", "IDC-58")
@pytest.mark.parametrize(
    ("changes", "claims", "reason"),
    [
        ({}, {}, None),
        ({}, {"act": {"sub": "robot"}}, None),
        ({}, {"scope": "pages:search"}, "excess"),
        ({"claims": {"dept": "subject.claims.dept"}}, {"dept": "x"}, None),
        ({"claims": {"dept": "subject.claims.dept"}}, {}, "denied_by_rule"),
        ({"match": "subject"}, {}, "no_rule"),
        ({"honours_key": True}, {"requested_cnf": {"jkt": "k" * 43}}, None),
        ({"honours_key": True}, {"requested_cnf": {"kid": "1"}}, "key_not_proven"),
        ({"paused": True}, {}, "connection_paused"),
    ],
    ids=repr,
)
async def test_the_entry_of_one_that_was_redeemed_is_decided_again_as_it_was(
    changes: dict[str, Any], claims: dict[str, Any], reason: str | None
) -> None:
    apis = tuple(replace(one, binding="dpop") if "requested_cnf" in claims else one for one in APIS)
    it = redeeming(chained(**changes), apis=apis)
    event = await entry_of(it, it.redeeming(grant(it, **claims)))
    assert event.get("reason") == reason
    told = explained(it, event)
    assert reason is not None or told.kind == "chained"


@pytest.mark.requirement("SEC-45", "SEC-60")
async def test_a_grant_that_was_used_before_is_told_as_such() -> None:
    it = redeeming()
    form = it.redeeming(grant(it))
    assert (await entry_of(it, form))["outcome"] == "granted"
    assert explained(it, await entry_of(it, form)).reason == "grant_reused"


async def test_what_was_not_asked_yet_is_explained_as_it_would_be_decided() -> None:
    it = chaining()
    token = PresentedToken(ACCESS_TOKEN, Secret(held(it)), "subject")
    request = ExchangeRequest(
        grant_type=TOKEN_EXCHANGE, subject=token, requested=JWT, resource=(TICKETS,), scope=None
    )
    told = await it.rehearsal().of_request("web", request)
    assert (told.granted, told.kind, told.scopes) == (True, "chaining", ("tickets:comment", "tickets:read"))
    other = await it.rehearsal().of_request("helpdesk", request)
    assert (other.granted, other.reason) == (False, "no_connection")
    await given(it)
    assert it.writer.events[-1]["kind"] == told.kind


def test_who_can_says_what_each_scope_buys_and_who_redeems() -> None:
    it = chaining()
    target = it.catalog.connections.target("connection:web-to-tickets")
    assert target is not None
    clients = [*it.catalog.connections.opened(it.catalog.clients.values())]
    (way,) = who_can(it.catalog.policy, clients, target, None)
    assert (way.client, way.kind, way.rule) == ("web", "chaining", "connection:web-to-tickets")
    assert way.held == {
        "orders:read": ("tickets:read",),
        "orders:write": ("tickets:comment",),
        "any": ("tickets:read",),
    }
    there = redeeming()
    ways = who_can(there.catalog.policy, there.catalog.clients.values(), there.catalog.apis["orders"], None)
    assert [(one.client, one.kind) for one in ways if one.kind == "chained"] == [("web", "chained")]
    assert SOLD.signed_in == {"tickets:read"}


def test_policy_tests_say_what_comes_of_plain_grants(tmp_path: Path) -> None:
    tree = acme()
    tree["connections"] = [
        {
            "name": "out",
            "direction": "issue",
            "grant": "jwt",
            "client": "assistant",
            "resource": {
                "issuer": TICKETS,
                "client_id": "acme-assistant",
                "scopes": {"orders:read": ["tickets:read"], "any": ["tickets:list"]},
            },
            "people": {"groups": ["support"]},
        },
        {
            "name": "in",
            "direction": "accept",
            "grant": "jwt",
            "from": "corp-okta",
            "client": "helpdesk",
            "api": "orders",
            "scopes": ["orders:read"],
        },
    ]
    named(tree, "issuers", "corp-okta")["accepts"] = ["id_token", "jwt_grant"]
    named(tree, "clients", "helpdesk").update(
        grants=["token_exchange", "jwt_bearer"], may_request={"apis": ["orders"]}
    )
    alice: dict[str, Any] = {"from": "actas", "user": "actas:alice", "groups": ["support"]}
    token = {**alice, "token_type": "access_token", "scope": "orders:read"}
    theirs = {"from": "corp-okta", "user": "00u1", "scope": "orders:read orders:write"}
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"connection": "out", "client": "assistant", "subject": token, "kind": "chaining"},
         {"granted": ["tickets:read"], "chain": ["alice", "assistant"]}),
        ({"connection": "out", "client": "assistant", "subject": alice}, {"granted": ["tickets:list"]}),
        ({"connection": "out", "client": "assistant", "subject": token, "scope": "tickets:list"},
         {"refused": "excess"}),
        ({"connection": "out", "client": "assistant", "subject": {**token, "groups": ["sales"]}},
         {"refused": "no_rule"}),
        ({"connection": "in", "client": "helpdesk", "subject": theirs, "kind": "chained"},
         {"granted": ["orders:read"], "chain": ["corp-okta:00u1", "helpdesk"]}),
        ({"connection": "in", "client": "helpdesk", "subject": {**theirs, "known": False}},
         {"refused": "no_rule"}),
    ]  # fmt: skip
    tree["tests"] = [{"name": str(n), "ask": ask, "expect": expect} for n, (ask, expect) in enumerate(cases)]
    definitions = loaded(tmp_path, tree).definitions
    results = run_policy_tests(definitions, catalog_of(definitions).policy, at=int(NOON))
    assert [problem for one in results for problem in one.problems] == []


async def test_who_redeems_grants_of_one_kind_is_told_of_which_when_the_other_comes() -> None:
    here = redeeming()
    error = await here.turned_away(here.redeeming(here.grant()))
    assert "by its typ it is an ID-JAG" in error.detail
    assert "plain grants alone are redeemed here" in error.detail
    both = redeeming(issuers=(replace(PARTNER, accepts=PARTNER.accepts | {ID_JAG}),))
    error = await both.turned_away(both.redeeming(both.grant()))
    assert error.detail == "there is no connection by which web redeems grants of corp-idp (ID-JAG)"
    (said,) = ways_of_entry(both.writer.events[-1], both.catalog)
    assert said.startswith("by web-from-corp, web redeems plain grants of corp-idp for orders")
