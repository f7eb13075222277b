"""An administrator acts as a person, over sockets: two nodes on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.fakes import postgres
from tests.fakes.server import SPREAD, RealServer, until
from tests.fakes.wire import FORM, Reply, ask, encoded

from actas.core.wire import ID_TOKEN, SUBJECT
from actas.crypto import jose

Nodes = tuple[RealServer, RealServer]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def nodes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    url = asyncio.run(postgres.create_database()) if request.param == "postgresql" else None
    first = RealServer(tmp_path_factory.mktemp("impersonation"), database=url)
    tree = first.company.tree
    tree["users"] = [{"name": f"carol{place}", "groups": ["customers"]} for place in range(20)]
    first.company.looked_into(token={"lifetime": "5m"})
    tree["impersonation"] = {"per_hour": 50, "ticket": "^HELP-[0-9]+$"}
    tree["admins"] = [{"client": "nightly", "role": "auditor"}]
    first.company.named("rules", "orders-to-inventory")["subject"]["impersonated"] = True
    with first, first.twin() as second:
        yield first, second
    if url is not None:
        asyncio.run(postgres.drop_database(url))


def look_in(server: RealServer, who: str, whom: str, **more: Any) -> Reply:
    asked = {
        "subject_token_type": str(ID_TOKEN),
        "requested_subject": f"actas:{whom}",
        "reason": "the order does not load",
        "ticket": "HELP-1",
        "audience": "orders",
        "scope": None,
    }
    form = server.company.exchange("assistant", server.company.id_token(who), **{**asked, **more})
    return server.post({name: value for name, value in form.items() if value is not None})


def introspected(server: RealServer, who: str, token: str) -> dict[str, Any]:
    form = {"client_id": who, "client_secret": server.company.secrets[who], "token": token}
    reply = ask(server.port, "POST", "/introspect", headers={"Content-Type": FORM}, body=encoded(form))
    found: dict[str, Any] = reply.json
    return found


@pytest.mark.requirement("SEC-48")
def test_one_node_begins_and_the_other_goes_on_and_auditors_hear_who_it_is(nodes: Nodes) -> None:
    first, second = nodes
    begun = look_in(first, "dana", "carol0")
    assert begun.status == 200, begun
    token = str(begun.json["access_token"])
    claims = jose.parse(token).unverified_claims
    assert claims["sub"] == "actas:carol0"
    again = look_in(second, "dana", "carol0")
    assert again.json["impersonation"] == begun.json["impersonation"] == claims["txn"]
    for node in nodes:
        told = introspected(node, "nightly", token)
        assert told["impersonation"]["ticket"] == "HELP-1"
        assert told["impersonation"]["administrator"]["sub"] == "dana@acme.example"
        assert "impersonation" not in introspected(node, "orders", token)
    onward = second.post(second.company.exchange("orders", token, audience="inventory", scope=None))
    assert onward.status == 200, onward
    assert jose.parse(str(onward.json["access_token"])).unverified_claims["txn"] == claims["txn"]
    events = [one for one in first.events() if one.get("impersonation") == claims["txn"]]
    assert {one["event"] for one in events} >= {"impersonation:started", "exchange:granted"}
    assert {one["administrator"]["sub"] for one in events} == {"dana@acme.example"}


@pytest.mark.requirement("SEC-48")
def test_of_many_at_the_same_moment_on_two_nodes_one_begins(nodes: Nodes) -> None:
    def attempt(place: int) -> Reply:
        return look_in(nodes[place % 2], "omar", f"carol{place + 1}")

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(attempt, range(8)))
    assert sorted(one.status for one in replies) == [200] + [429] * 7
    assert {one.json["error_uri"].rpartition("#")[2] for one in replies if one.status == 429} == {
        "too_many_impersonations"
    }


def test_a_name_in_place_of_a_token_is_nothing_without_a_rule_for_it(nodes: Nodes) -> None:
    first, _ = nodes
    form = first.company.exchange("assistant", "actas:carol0", audience="orders", scope=None)
    form |= {"subject_token_type": str(SUBJECT), "reason": "x", "ticket": "HELP-1"}
    reply = first.post({name: value for name, value in form.items() if value is not None})
    assert (reply.status, reply.json["error"]) == (400, "invalid_target")


def supervise(server: RealServer, action: str, who: str, **more: str) -> Reply:
    form = {
        "client_id": "assistant",
        "client_secret": server.company.secrets["assistant"],
        "action": action,
        "subject_token": server.company.id_token(who),
        "subject_token_type": str(ID_TOKEN),
        **more,
    }
    return ask(server.port, "POST", "/impersonations", headers={"Content-Type": FORM}, body=encoded(form))


@pytest.mark.requirement("SEC-48")
def test_what_one_node_ends_is_dead_on_the_other(nodes: Nodes) -> None:
    first, second = nodes
    begun = look_in(first, "eve", "carol10")
    token, name = str(begun.json["access_token"]), str(begun.json["impersonation"])
    assert introspected(second, "orders", token)["active"]
    listed = supervise(second, "list", "eve").json["impersonations"]
    assert [one["id"] for one in listed] == [name]
    assert supervise(second, "end", "mallory", impersonation=name).json["error"] == "access_denied"
    ended = supervise(second, "end", "eve", impersonation=name, reason="done")
    assert (ended.status, ended.json["state"]) == (200, "ended")
    assert not introspected(second, "orders", token)["active"]
    until(lambda: not introspected(first, "orders", token)["active"], limit=SPREAD)
    refused = first.post(first.company.exchange("orders", token, audience="inventory", scope=None))
    assert refused.json["error_uri"].rpartition("#")[2] in ("revoked", "impersonation_ended")
    events = {one["event"] for one in second.events() if one.get("impersonation") == name}
    assert "impersonation:ended" in events


@pytest.mark.requirement("SEC-48", "SEC-80")
def test_whoever_holds_a_role_sees_all_of_them_and_an_auditor_ends_none(nodes: Nodes) -> None:
    first, second = nodes
    name = str(look_in(first, "frank", "carol11").json["impersonation"])
    token = first.token(first.company.own("nightly", audience="actas", scope="actas:auditor"))
    headers = {"Authorization": f"Bearer {token}"}
    listed = ask(second.port, "GET", "/api/v1/impersonations", headers=headers).json["items"]
    assert name in [one["id"] for one in listed]
    paged: list[Any] = []
    following: str | None = ""
    while following is not None:
        page = ask(second.port, "GET", f"/api/v1/impersonations?limit=1{following}", headers=headers).json
        paged += page["items"]
        following = f"&cursor={page['next']}" if page["next"] else None
    assert [one["id"] for one in paged] == [one["id"] for one in listed]
    assert ask(second.port, "GET", "/api/v1/impersonations?cursor=eA", headers=headers).status == 400
    one = ask(second.port, "GET", f"/api/v1/impersonations/{name}", headers=headers).json
    assert one["administrator"]["sub"] == "frank@acme.example"
    assert ask(second.port, "POST", f"/api/v1/impersonations/{name}/end", headers=headers).status == 403
